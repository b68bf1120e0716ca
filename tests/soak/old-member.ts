import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Tx } from '../../model/transactions.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import type { MemberOptions } from './sdk-member.ts'
import { RandomWork } from './random-work.ts'
import { tokenOf } from './soak-server.ts'

/** Milliseconds until it dials again. */
const PAUSE = 200
/** Milliseconds without a response until it takes the connection for dead. */
const PATIENCE = 3000

/** A client of protocol 1: it sends unanswered requests again, and knows the log from pushes only. */
export class OldMember {
  readonly #options: Omit<MemberOptions, 'file' | 'binary'>
  readonly #work: RandomWork
  #client: RawClient | undefined
  /** The pushed ids of each connection. */
  readonly flaws: string[] = []

  constructor(options: Omit<MemberOptions, 'file' | 'binary'>) {
    this.#options = options
    this.#work = new RandomWork(options.email, `account:${options.email}`, options.random)
  }

  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const tx = this.#work.next()
      await this.#options.outcomes.note(tx, this.send(tx))
      await wait(this.#options.random() * 60)
    }
  }

  /** Repeats until it is answered. @throws RawError when it is refused */
  async send(tx: Tx): Promise<unknown> {
    for (;;) {
      try {
        const client = await this.#connected()
        return await withTimeout(client.request('tx', [tx]), { milliseconds: PATIENCE, what: 'an answer' })
      } catch (error) {
        if (error instanceof RawError && !isPassing(error)) throw error
        this.#drop()
        await wait(PAUSE)
      }
    }
  }

  /** Its connection is open, and the transaction was pushed to it. */
  hasSeen(id: string): boolean {
    return this.#client?.closed === undefined && this.#client?.pushes.some(({ _id }) => _id === id) === true
  }

  /** Connects unless it is connected. */
  async connect(): Promise<void> {
    await this.#connected()
  }

  end(): void {
    this.#drop()
  }

  async #connected(): Promise<RawClient> {
    while (this.#client === undefined || this.#client.closed !== undefined) {
      this.#checkPushes()
      const client = new RawClient(this.#options.url, tokenOf(this.#options.email))
      this.#client = client
      try {
        await withTimeout(once(client.socket, 'open'), { milliseconds: PATIENCE, what: 'to connect' })
        client.send({ method: 'hello', params: [], id: -1 })
        const { result } = await client.wait(({ id }) => id === -1, PATIENCE)
        if (result === 'hello') break
      } catch {
        // The server is not available.
      }
      client.socket.terminate()
      this.#client = undefined
      await wait(PAUSE)
    }
    return this.#client
  }

  #drop(): void {
    this.#client?.socket.terminate()
    this.#checkPushes()
    this.#client = undefined
  }

  /** No transaction is pushed twice on one connection. */
  #checkPushes(): void {
    const ids = (this.#client?.pushes ?? []).map(({ _id }) => String(_id))
    if (new Set(ids).size !== ids.length) this.flaws.push(`${this.#options.email} was pushed something twice`)
  }
}

function isPassing({ status }: RawError): boolean {
  return /Unavailable|Upgrading|Maintenance|LimitReached|Overloaded/.test(status.code)
}
