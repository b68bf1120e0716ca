import { WebSocket } from 'ws'

/** Number of leading bytes that identify a response, and show the code of an error. */
const HEAD = 400
const BIGGEST_FRAME = 256 * 1024 * 1024

export interface Hello {
  broadcast?: boolean
  protocol?: 2
  resume?: { epoch: string; seq: number }
}

/** How often each answer came: codes of errors, `ok`, and codes of closed sockets. */
export class Answers {
  readonly #counts = new Map<string, number>()

  add(answer: string): void {
    this.#counts.set(answer, (this.#counts.get(answer) ?? 0) + 1)
  }

  entries(): [answer: string, count: number][] {
    return [...this.#counts].sort(([, a], [, b]) => b - a)
  }
}

/** A connection of a hostile client. It counts its answers, and gives up a request when the socket closes. */
export class HostileSocket {
  readonly socket: WebSocket
  readonly #answers: Answers
  readonly #pending = new Map<number, () => void>()
  /** Resolves when the socket is open, or is closed. */
  readonly #settled: Promise<void>
  #isOwn = false
  /** The frame that answered hello. */
  greeting = ''
  #id = 0

  private constructor(url: string, token: string, answers: Answers) {
    this.#answers = answers
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/${token}`, {
      perMessageDeflate: false,
      maxPayload: BIGGEST_FRAME,
    })
    this.#settled = new Promise((resolve) => {
      this.socket.once('open', resolve)
      this.socket.once('close', () => resolve())
    })
    this.socket.on('message', (data: Buffer) => this.#receive(data))
    this.socket.on('error', () => undefined)
    this.socket.on('close', (code) => this.#closed(code))
  }

  /** A socket that may not be open yet. */
  static dial(url: string, token: string, answers: Answers): HostileSocket {
    return new HostileSocket(url, token, answers)
  }

  get isUsable(): boolean {
    return this.socket.readyState === WebSocket.OPEN
  }

  /** Resolves when hello is answered, or the socket is closed. */
  static async open(url: string, token: string, answers: Answers, hello: Hello = {}): Promise<HostileSocket> {
    const opened = new HostileSocket(url, token, answers)
    if (await opened.isOpen()) await opened.greet({ broadcast: false, ...hello })
    return opened
  }

  async isOpen(): Promise<boolean> {
    if (this.socket.readyState === WebSocket.CONNECTING) await this.#settled
    return this.isUsable
  }

  async greet(hello: Hello): Promise<void> {
    await this.#send(-1, JSON.stringify({ id: -1, method: 'hello', params: [], ...hello }))
  }

  /** Resolves with the response, or when the socket is closed. `params` is JSON text. */
  async ask(method: string, params: string): Promise<void> {
    const id = ++this.#id
    await this.#send(id, `{"id":${id},"method":"${method}","params":${params}}`)
  }

  /** A frame that is sent as it is. An answer without its id counts as its answer. */
  async sendRaw(frame: Uint8Array): Promise<void> {
    await this.#send(++this.#id, frame)
  }

  close(): void {
    this.#isOwn = true
    this.socket.terminate()
  }

  async #send(id: number, frame: string | Uint8Array): Promise<void> {
    if (!this.isUsable) return
    await new Promise<void>((resolve) => {
      this.#pending.set(id, resolve)
      this.socket.send(frame)
    })
  }

  #receive(data: Buffer): void {
    const head = data.toString('latin1', 0, HEAD)
    if (head.startsWith('{"result":"ping"}')) this.socket.send('{"id":-1,"method":"ping","params":[]}')
    const found = /^\{"id":(-?\d+)/.exec(head)
    if (found === null) return
    const id = Number(found[1])
    if (id === -1 && this.greeting === '') this.greeting = data.toString()
    if (head.includes('"chunk":{') && head.includes('"final":false')) return
    const [, code] = /^\{"id":-?\d+,"error":.*?"code":"(?:[^":]*:)*([^":]*)"/.exec(head) ?? []
    if (id !== -1 || code !== undefined) this.#answers.add(code ?? 'ok')
    this.#settle(this.#pending.has(id) ? id : this.#pending.keys().next().value)
  }

  #closed(code: number): void {
    if (!this.#isOwn) this.#answers.add(`closed ${code}`)
    for (const id of this.#pending.keys()) this.#settle(id)
  }

  #settle(id: number | undefined): void {
    if (id === undefined) return
    const settle = this.#pending.get(id)
    this.#pending.delete(id)
    settle?.()
  }
}
