import { once } from 'node:events'
import { WebSocket } from 'ws'
import { Requests, type Work } from './requests.ts'

const HELLO = { id: -1, method: 'hello', params: [] }
/** Number of leading bytes that identify a response. */
const HEAD = 48

/** A connection that sends the next request after each response. Responses are not parsed, only distinguished. */
export class LoadClient {
  readonly #socket: WebSocket
  readonly #requests = new Requests()
  #id = 0
  #since = 0
  #latencies: number[] = []
  #work: { work: Work; documents: number } | undefined
  #done: (() => void) | undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#receive(data.toString('latin1', 0, HEAD)))
  }

  static async connect(url: string, token: string, broadcast: boolean): Promise<LoadClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/${token}`, { perMessageDeflate: false })
    await once(socket, 'open')
    const client = new LoadClient(socket)
    socket.send(JSON.stringify({ ...HELLO, broadcast }))
    await once(socket, 'message')
    return client
  }

  /** Resolves when the last response after `stop` has arrived. */
  async run(work: Work, documents: number): Promise<void> {
    this.#work = { work, documents }
    this.#send(this.#work)
    await new Promise<void>((resolve) => (this.#done = resolve))
  }

  /** Milliseconds of each response. */
  stop(): number[] {
    this.#work = undefined
    const latencies = this.#latencies
    this.#latencies = []
    return latencies
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close(1000)
    await closed
  }

  #send({ work, documents }: { work: Work; documents: number }): void {
    this.#id += 1
    this.#since = performance.now()
    this.#socket.send(`{"id":${this.#id},${this.#requests.next(work, documents)}}`)
  }

  #receive(head: string): void {
    if (head.startsWith('{"result":"ping"}')) this.#socket.send('{"id":-1,"method":"ping","params":[]}')
    if (!head.startsWith(`{"id":${this.#id},`)) return
    if (head.startsWith(`{"id":${this.#id},"error"`)) throw new Error(`a request failed: ${head}`)
    if (this.#work === undefined) return this.#done?.()
    this.#latencies.push(performance.now() - this.#since)
    this.#send(this.#work)
  }
}
