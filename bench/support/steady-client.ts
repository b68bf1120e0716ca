import { once } from 'node:events'
import { WebSocket } from 'ws'
import { Requests, type Work } from './requests.ts'

/** Number of leading bytes that identify a response. */
const HEAD = 64

/** Milliseconds of each answer, by the kind of its request. */
export type Latencies = Partial<Record<Work, number[]>>

/** Who connects. */
export interface Tenant {
  token: string
  account: string
}

/** A connection that sends requests whenever it is told to, whether or not earlier ones are answered. */
export class SteadyClient {
  readonly #socket: WebSocket
  readonly #requests: Requests
  readonly #pending = new Map<number, { work: Work; since: number }>()
  #latencies: Latencies = {}
  #id = 0
  #refused = 0

  private constructor(socket: WebSocket, account: string) {
    this.#socket = socket
    this.#requests = new Requests(account)
    socket.on('message', (data: Buffer) => this.#receive(data.toString('latin1', 0, HEAD)))
    socket.on('error', () => undefined)
  }

  static async connect(url: string, { token, account }: Tenant): Promise<SteadyClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/${token}`, { perMessageDeflate: false })
    await once(socket, 'open')
    const client = new SteadyClient(socket, account)
    socket.send('{"id":-1,"method":"hello","params":[],"broadcast":false}')
    await once(socket, 'message')
    return client
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  /** Number of errors among the answers. */
  get refused(): number {
    return this.#refused
  }

  send(work: Work, documents: number): void {
    if (!this.isOpen) return
    const id = ++this.#id
    this.#pending.set(id, { work, since: performance.now() })
    this.#socket.send(`{"id":${id},${this.#requests.next(work, documents)}}`)
  }

  /** What was measured since the last call. A request without an answer counts with its time so far. */
  take(): Latencies {
    const taken = this.#latencies
    for (const { work, since } of this.#pending.values()) (taken[work] ??= []).push(performance.now() - since)
    this.#pending.clear()
    this.#latencies = {}
    return taken
  }

  close(): void {
    this.#socket.terminate()
  }

  #receive(head: string): void {
    if (head.startsWith('{"result":"ping"}')) this.#socket.send('{"id":-1,"method":"ping","params":[]}')
    const [, id, kind] = /^\{"id":(\d+),"(\w+)"/.exec(head) ?? []
    const pending = this.#pending.get(Number(id))
    if (pending === undefined) return
    this.#pending.delete(Number(id))
    if (kind === 'error') this.#refused += 1
    const { work, since } = pending
    ;(this.#latencies[work] ??= []).push(performance.now() - since)
  }
}
