import { expect } from 'expect'
import { setImmediate as tick } from 'node:timers/promises'
import type { Class, Doc, Ref, Space } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { Tx } from '../../model/transactions.ts'
import { Client, createClient } from '../../client/client.ts'
import type { ClientOptions } from '../../client/client-options.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { type ClientStore, MemoryStore } from '../../client/store/client-store.ts'
import { systemCaller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { Storage } from '../../storage/contract.ts'
import { type AccountsClient, trustingAccounts } from '../../server/accounts/accounts-client.ts'
import { fakeClock, FakeScheduler } from '../support/fake-scheduler.ts'
import { MemoryCore } from '../support/memory-core.ts'
import { type Line, memoryDial } from '../support/memory-network.ts'
import { pushAll } from '../../model/push-all.ts'
import { expectFor } from '../support/expecting.ts'

export interface QueryCase {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
}

const task = 'board:class:Task' as Ref<Class>
const comment = 'board:class:Comment' as Ref<Class>

/** Live queries of the world’s clients: limits, sorts, lookups, totals, mixins, projections. */
export const queryCases: readonly QueryCase[] = [
  { _class: task, query: {}, options: {} },
  { _class: task, query: { status: 'todo' }, options: { sort: { rank: 1 }, limit: 3 } },
  {
    _class: task,
    query: { space: 'p1' as Ref<Space> },
    options: { sort: { rank: -1, modifiedOn: 1 }, limit: 2, total: true },
  },
  {
    _class: task,
    query: { priority: { $in: ['high', 'urgent'] } },
    options: { projection: { title: 1, status: 1 } },
  },
  { _class: task, query: { votes: { $gte: 1 } }, options: { sort: { votes: -1 }, limit: 4 } },
  {
    _class: task,
    query: {},
    options: {
      sort: {
        status: {
          order: 1,
          cases: [
            { query: 'doing', index: 0 },
            { query: 'todo', index: 1 },
          ],
        },
      },
      limit: 5,
    },
  },
  { _class: comment, query: {}, options: { lookup: { attachedTo: task }, limit: 6 } },
  {
    _class: task,
    query: {},
    options: { lookup: { _id: { remarks: [comment, 'attachedTo'] } }, sort: { title: 1 }, limit: 3 },
  },
  {
    _class: comment,
    query: { '$lookup.attachedTo.status': 'todo' },
    options: { lookup: { attachedTo: task } },
  },
  { _class: 'board:mixin:Estimated' as Ref<Class>, query: { hours: { $gt: 3 } }, options: { total: true } },
  {
    _class: 'core:class:Space' as Ref<Class>,
    query: { archived: { $ne: true } },
    options: { sort: { name: 1 } },
  },
  { _class: 'core:class:Account' as Ref<Class>, query: {}, options: {} },
  // Queries of the log, and queries whose lookups decide, or join from both sides of the model.
  { _class: 'core:class:Tx' as Ref<Class>, query: {}, options: { sort: { modifiedOn: -1 }, limit: 7 } },
  {
    _class: 'core:class:TxCUD' as Ref<Class>,
    query: { objectClass: task },
    options: { total: true, sort: { _id: 1 } },
  },
  {
    _class: 'core:class:TxUpdateDoc' as Ref<Class>,
    query: { 'operations.status': { $exists: true } },
    options: { lookup: { objectId: task }, limit: 4 },
  },
  {
    _class: comment,
    query: {},
    options: { lookup: { attachedTo: [task, { assignee: 'core:class:Account' }] }, total: true },
  },
  {
    _class: task,
    query: {},
    options: {
      lookup: { assignee: 'core:class:Account' as Ref<Class> },
      sort: { '$lookup.assignee.email': -1, title: 1 },
      limit: 4,
    },
  },
  {
    _class: 'core:class:Account' as Ref<Class>,
    query: {},
    options: { lookup: { _id: { tasks: [task, 'assignee'] } } },
  },
]

/** A client of the world, with its network connection and its live queries. */
export class Member {
  readonly email: string
  readonly world: ClientWorld
  readonly store: ClientStore = new MemoryStore()
  readonly line: Line = { delay: () => 1, fault: () => 'none', isDown: () => false }
  client: Client
  readonly live = new Map<number, { stop: () => void; result: FindResult | undefined; calls: number }>()
  /** Acknowledged transactions, with their results. */
  readonly sent: Tx[] = []
  readonly acknowledged: Tx[] = []
  readonly refused: Tx[] = []
  /** Ids of the transactions of the log that this run of the client received. */
  pushed: string[] = []
  readonly unsettled = new Set<Promise<unknown>>()
  readonly #keeps: boolean
  readonly #options: Partial<ClientOptions>

  constructor(world: ClientWorld, email: string, keeps: boolean, options: Partial<ClientOptions>) {
    this.world = world
    this.line.isDown = () => world.isDown
    this.email = email
    this.#keeps = keeps
    this.#options = options
    this.client = this.#start()
  }

  /** Like a reload of the page: only stored data remains. */
  restart(): void {
    this.client.terminate()
    const looked = [...this.live.keys()]
    this.live.clear()
    this.client = this.#start()
    for (const at of looked) this.look(at)
  }

  look(at: number): void {
    const wanted = queryCases[at]
    if (wanted === undefined || this.live.has(at)) return
    const state: { stop: () => void; result: FindResult | undefined; calls: number } = {
      stop: () => undefined,
      result: undefined,
      calls: 0,
    }
    const onError = (error: unknown) => {
      throw error as Error
    }
    state.stop = this.client.query(
      wanted._class,
      wanted.query,
      wanted.options,
      (result) => {
        state.result = result
        state.calls += 1
      },
      onError,
    )
    this.live.set(at, state)
  }

  lookAway(at: number): void {
    this.live.get(at)?.stop()
    this.live.delete(at)
  }

  send(tx: Tx): void {
    this.sent.push(tx)
    const sent = this.client.tx(tx).then(
      () => this.acknowledged.push(tx),
      (error: unknown) => {
        if (error instanceof ClientError && error.code === 'terminated') return
        this.refused.push(tx)
      },
    )
    this.unsettled.add(sent)
    void sent.finally(() => this.unsettled.delete(sent))
  }

  /** Each live query shows the current result of the server. */
  async check(): Promise<void> {
    for (const [at, { result }] of this.live) {
      const { _class, query, options } = queryCases[at] as QueryCase
      const fresh = await this.world.settled(this.client.findAll(_class, query, options))
      expectFor(`${this.email}: ${JSON.stringify(queryCases[at])}`, plain(result)).toStrictEqual(plain(fresh))
    }
  }

  #start(): Client {
    const { time } = this.world
    const client = createClient({
      url: 'ws://memory',
      getToken: () => this.world.token(this.email),
      dial: memoryDial(() => this.world.core, time, this.line),
      binary: false,
      compression: false,
      clock: fakeClock(time, () => this.world.jitter()),
      random: this.world.random,
      logger: {
        debug: (message, fields) => this.world.logged.push(`${message} ${JSON.stringify(fields)}`),
        warn: (message, fields) => this.world.logged.push(`${message} ${JSON.stringify(fields)}`),
      },
      network: { isOnline: () => true, subscribe: () => () => undefined },
      ...(this.#keeps ? { store: this.store } : {}),
      ...this.#options,
    })
    client.onConflict(({ tx }) => this.refused.push(tx))
    this.pushed = []
    client.onTransactions(({ txes, seq }) => {
      if (seq !== undefined)
        pushAll(
          this.pushed,
          txes.map(({ _id }) => _id),
        )
    })
    return client
  }
}

/** Clients, connections and a server in memory; the test controls chance and time. */
export class ClientWorld {
  readonly time = new FakeScheduler()
  readonly random: () => number
  readonly storage: Storage = createMemoryStorage()
  core: MemoryCore
  members: Member[] = []
  /** Ids of tasks that a client tried to create. */
  readonly made = new Set<string>()
  /** Log lines of the clients. */
  readonly logged: string[] = []
  /** Lifetime of a token, in seconds. */
  tokenLife: number | undefined
  isDown = false
  /** Milliseconds by which timers are late. */
  jitter = (): number => 0

  readonly #accounts: AccountsClient

  constructor(seed: number, accounts = trustingAccounts) {
    this.random = mulberry32(seed)
    this.#accounts = accounts
    this.core = this.#startCore()
  }

  join(email: string, keeps = false, options: Partial<ClientOptions> = {}): Member {
    const member = new Member(this, email, keeps, options)
    this.members.push(member)
    return member
  }

  below(count: number): number {
    return Math.floor(this.random() * count)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  token(email: string): string {
    return this.core.tokens.sign({ email, workspace: 'w1' }, this.tokenLife)
  }

  /** The server ends, and another one replaces it. */
  async restartServer(): Promise<void> {
    this.isDown = true
    const stopping = this.core.stop()
    await this.settled(stopping)
    this.core = this.#startCore()
    this.isDown = false
  }

  /** With the open workspace, as the server itself uses it. */
  async withPipeline(work: (pipeline: Pipeline) => Promise<void>): Promise<void> {
    const host = await this.settled(this.core.core.registry.arrive('w1'))
    try {
      const pipeline = await this.settled(host.pipeline(false))
      await this.settled(work(pipeline))
    } finally {
      host.leave()
    }
  }

  /** Commits transactions of the system, one after another, and leaves out refused ones. */
  async bySystem(...txes: Tx[]): Promise<void> {
    await this.withPipeline(async (pipeline) => {
      for (const tx of txes) await pipeline.tx(systemCaller, tx).catch(() => undefined)
    })
  }

  /** Advances time until all members are connected, have no unanswered request, and no message is in transit. */
  async calm(): Promise<void> {
    this.jitter = () => 0
    for (const { line } of this.members) {
      line.fault = () => 'none'
      line.delay = () => 1
    }
    const isCalm = () =>
      this.members.every(({ client, unsettled }) => {
        const { phase, unanswered } = client.connectionState()
        return phase === 'ready' && unanswered === 0 && unsettled.size === 0
      })
    for (let round = 0, calmFor = 0; calmFor < 6; round++) {
      expectFor(
        `not calm: ${this.members.map(({ client }) => JSON.stringify(client.connectionState())).join(' ')}`,
        round,
      ).toBeLessThan(3000)
      await this.pass(isCalm() ? 300 : 25)
      calmFor = isCalm() ? calmFor + 1 : 0
    }
  }

  async pass(milliseconds: number): Promise<void> {
    await this.time.advance(milliseconds)
    for (let turn = 0; turn < 6; turn++) await tick()
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    const state = { isSettled: false }
    const settle = () => (state.isSettled = true)
    promise.then(settle, settle)
    for (let round = 0; !state.isSettled; round++) {
      // A promise is not settled.
      expect(round).toBeLessThan(100_000)
      await this.pass(1)
    }
    return await promise
  }

  async end(): Promise<void> {
    for (const { client } of this.members) client.terminate()
    await this.pass(10)
    await this.settled(this.core.stop())
    await this.pass(5000)
  }

  #startCore(): MemoryCore {
    const flags = { pingInterval: '20', maxResume: '50' }
    return new MemoryCore(flags, { storage: this.storage, time: this.time, accounts: this.#accounts })
  }
}

function plain(result: FindResult | undefined): unknown {
  return result === undefined ? undefined : { total: result.total, docs: [...result] as Doc[] }
}

/** Tommy Ettinger’s mulberry32: 32 bits of state are enough for a test. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
