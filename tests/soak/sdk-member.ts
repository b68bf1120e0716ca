import { rm } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '../../client/client.ts'
import { systemClock } from '../../client/runtime/environment.ts'
import { createNodeClient, type FileStore, fileStore } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import type { Doc } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Outcomes } from './outcomes.ts'
import { RandomWork } from './random-work.ts'
import { tokenOf } from './soak-server.ts'

/** The live queries of each member. */
const looks: { _class: typeof board.class.Task; query: DocumentQuery; options: FindOptions }[] = [
  { _class: board.class.Task, query: {}, options: { sort: { _id: 1 }, total: true } },
  { _class: board.class.Task, query: { status: 'todo' }, options: { sort: { rank: 1, _id: -1 }, limit: 20 } },
  { _class: board.class.Comment as never, query: {}, options: { sort: { _id: 1 }, limit: 50 } },
]

export interface MemberOptions {
  url: string
  email: string
  /** The file with the unanswered changes. */
  file: string
  random: () => number
  outcomes: Outcomes
  binary: boolean
}

/** A client of the SDK that works, watches, and sometimes ends and restarts over the same store. */
export class SdkMember {
  readonly #options: MemberOptions
  readonly #work: RandomWork
  readonly #results: (FindResult | undefined)[] = []
  /** Outcomes of transactions under way, by their ids. */
  readonly #running = new Map<string, Promise<void>>()
  readonly #noted: string[] = []
  #slowStores = 0
  #store: FileStore | undefined
  #client: Client | undefined
  #ahead = 0

  constructor(options: MemberOptions) {
    this.#options = options
    this.#work = new RandomWork(options.email, `account:${options.email}`, options.random)
  }

  /** Number of times that its store was so slow that it continued without it, which depends on the machine’s disk. */
  get slowStores(): number {
    return this.#slowStores
  }

  /** Errors that must never be reported to a member. */
  get noted(): readonly string[] {
    return this.#noted
  }

  get #current(): Client {
    if (this.#client === undefined) throw new Error('the member has not started')
    return this.#client
  }

  start(): void {
    const { url, email, file, binary, outcomes } = this.#options
    this.#store = fileStore(file)
    const clock = { ...systemClock, now: () => systemClock.now() + this.#ahead }
    const client = createNodeClient({
      url,
      binary,
      clock,
      store: this.#store,
      getToken: () => tokenOf(email),
      inactivity: 4000,
      dialTimeout: 3000,
    })
    this.#client = client
    client.onConflict(({ tx }) => outcomes.refused(tx._id))
    client.onError((error) => this.#noted.push(`${email}: ${String(error)}`))
    client.onStoreError((error) => {
      if (isSlow(error)) this.#slowStores += 1
      else this.#noted.push(`${email}'s store: ${String(error)}`)
    })
    for (const [at, { _class, query, options }] of looks.entries()) {
      this.#results[at] = undefined
      client.query(_class, query, options, (result) => (this.#results[at] = result))
    }
  }

  /** Works until it is told to stop. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await wait(this.#options.random() * 60)
      if (this.#client === undefined) continue
      const tx = this.#work.next()
      // Every tenth change has a short timeout.
      const options = this.#options.random() < 0.1 ? { timeout: 300 } : {}
      const noted = this.#options.outcomes.note(tx, this.#client.tx(tx, options))
      this.#running.set(tx._id, noted)
      void noted.finally(() => this.#running.delete(tx._id))
    }
  }

  /** Like the end of its process, and the start of another one. */
  async restart(): Promise<void> {
    // Not during another restart.
    if (this.#client === undefined) return
    await this.end()
    this.start()
  }

  async end(): Promise<void> {
    const [client, store] = [this.#client, this.#store]
    if (client === undefined || store === undefined) return
    this.#client = undefined
    const underWay = [...this.#running]
    client.terminate()
    await Promise.all(underWay.map(([, noted]) => noted))
    const kept = new Set((await store.entries('change/')).map(([, tx]) => (tx as Tx)._id as string))
    this.#options.outcomes.notKept(underWay.map(([id]) => id).filter((id) => !kept.has(id)))
    await store.close()
  }

  /** @param ahead milliseconds its wall clock is ahead from now on */
  stepClock(ahead: number): void {
    this.#ahead = ahead
  }

  /** Every sent change was answered, stored ones included. */
  async settled(): Promise<boolean> {
    return this.#running.size === 0 && ((await this.#store?.entries('change/')) ?? []).length === 0
  }

  /** Differences between its live queries and a find. */
  async differences(): Promise<string[]> {
    const found: string[] = []
    for (const [at, { _class, query, options }] of looks.entries()) {
      const fresh = await this.#current.findAll(_class, query, options, { timeout: 10_000 })
      const [shown, expected] = [this.#results[at], fresh].map(plain)
      if (!isDeepStrictEqual(shown, expected))
        found.push(`${this.#options.email}, live query ${at}: ${different(shown, expected)}`)
    }
    return found
  }

  async dispose(): Promise<void> {
    await this.end()
    await rm(this.#options.file, { force: true })
  }
}

function isSlow(error: unknown): boolean {
  return /did not answer within/.test(String(error))
}

interface Plain {
  total: number
  docs: Doc[]
}

function plain(result: FindResult | undefined): Plain | undefined {
  return result && { total: result.total, docs: JSON.parse(JSON.stringify([...result])) as Doc[] }
}

function different(shown: Plain | undefined, expected: Plain | undefined): string {
  const ids = (some: Plain | undefined) => new Set(some?.docs.map(({ _id }) => _id))
  const [there, wanted] = [ids(shown), ids(expected)]
  const missing = [...wanted].filter((id) => !there.has(id)).slice(0, 3)
  const extra = [...there].filter((id) => !wanted.has(id)).slice(0, 3)
  const other = expected?.docs
    .filter(({ _id }) => there.has(_id))
    .filter(
      (doc) =>
        !isDeepStrictEqual(
          doc,
          shown?.docs.find(({ _id }) => _id === doc._id),
        ),
    )
    .slice(0, 2)
  return JSON.stringify({
    shown: there.size,
    of: wanted.size,
    totals: [shown?.total, expected?.total],
    missing,
    extra,
    other,
  })
}
