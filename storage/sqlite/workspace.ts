import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { findResult } from '../../model/query/evaluate.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { FindResult } from '../../model/query/query.ts'
import {
  type CommitBatch,
  type DocumentPage,
  type DomainScan,
  type EncodedResult,
  type LogEntry,
  type LogRequest,
  type PartLimits,
  type Prefetch,
  type Prefetched,
  type SearchHit,
  type SearchRequest,
  StorageError,
  type StorageSchema,
  type WorkspaceStorage,
} from '../contract.ts'
import type { LongReads } from '../shared/long-reads.ts'
import {
  busy,
  type CallOf,
  type FoundParts,
  type Opened,
  type ReadCall,
  type ResultOfCall,
  type WriteCall,
} from './worker/worker-protocol.ts'
import { jsonText, parseJson } from '../shared/json-text.ts'
import { encodePage } from '../shared/encode.ts'
import { type CommitRows, commitRows, commitRowsInTurns, isShort } from './commit-rows.ts'
import { SqliteScan } from './scan.ts'
import type { Page } from './reads/find.ts'
import { type KeyLayout, keyLayout, keyValues } from './sql/key-columns.ts'
import { planSearches } from './sql/plan-searches.ts'
import { documentRow, transactionRow } from './sql/row.ts'
import type { SyncReads } from './sync-reads.ts'
import type { AskReader } from './worker/pooled-read.ts'
import type { ReaderPool } from './worker/reader-pool.ts'
import type { Registered } from './worker/running-worker.ts'
import type { WorkerThread } from './worker/worker-thread.ts'

export interface SqliteWorkspaceOptions {
  registered: Registered
  writer: WorkerThread
  readers: ReaderPool
  syncReads: SyncReads
  longReads: LongReads
  opened: Opened
  closed: () => void
}

type LongCall = CallOf<'findEncoded' | 'beginScan'>

/** The first result of a read that may go on, and how to reach its thread. */
interface Begun<R> {
  value: R
  ask: AskReader
}

/** A group holds the writer thread, which other workspaces share. A larger transaction is a group of its own. */
const maxGroupBytes = 8 * 1024 * 1024

/** An open workspace on the event loop. Its file is accessed by the workers. */
export class SqliteWorkspace implements WorkspaceStorage {
  readonly epoch: string
  readonly lastSeq: number
  readonly maxGroupBytes = maxGroupBytes
  readonly #options: SqliteWorkspaceOptions
  readonly #layouts = new Map<Domain, KeyLayout>()
  #closing: Promise<void> | undefined
  /** The rows of a large commit. Later calls of the writer follow the commit, so they wait for it. */
  #encoding: Promise<CommitRows> | undefined
  /** Resolves when the full-text index contains all commits; undefined after another commit. */
  #caughtUp: Promise<unknown> | undefined

  constructor(options: SqliteWorkspaceOptions) {
    this.#options = options
    this.epoch = options.opened.epoch
    this.lastSeq = options.opened.lastSeq
  }

  async applySchema(schema: StorageSchema): Promise<void> {
    await this.#write({ method: 'applySchema', schema })
    const { registered } = this.#options
    registered.attachment = { ...registered.attachment, schema }
    this.#layouts.clear()
    this.#caughtUp = undefined
  }

  async find(plan: FindPlan): Promise<FindResult> {
    const page = this.#syncPage(plan)
    if (page !== undefined) return findResult(parseJson(jsonText<Doc[]>(`[${page.text}]`)), -1)
    await this.#catchUpFor(plan)
    const { docs, total } = parseJson(await this.#read({ method: 'find', plan }))
    return findResult(docs, total)
  }

  findAtOnce(plan: FindPlan, limits: PartLimits): EncodedResult | undefined {
    return encodePage(this.#syncPage(plan), limits)
  }

  async findEncoded(plan: FindPlan, limits: PartLimits): Promise<EncodedResult> {
    await this.#catchUpFor(plan)
    return this.#encoded(await this.#long({ method: 'findEncoded', plan, limits }))
  }

  async get(domain: Domain, ids: readonly string[]): Promise<Doc[]> {
    return parseJson(await this.#read({ method: 'get', domain, ids }))
  }

  async prefetch(request: Prefetch): Promise<Prefetched> {
    const { requests, documents } = parseJson(await this.#write({ method: 'prefetch', request }))
    return { requests: requests.map(({ id, result }) => ({ id, result })), documents }
  }

  async commit(batch: CommitBatch): Promise<void> {
    const { absent, removes } = batch
    const layoutOf = (domain: Domain) => this.#layout(domain)
    let rows: CommitRows
    if (isShort(batch)) rows = commitRows(batch, layoutOf)
    else {
      const encoding = commitRowsInTurns(batch, layoutOf)
      this.#encoding = encoding
      try {
        // Continues before the calls that wait for it.
        rows = await encoding
      } finally {
        this.#encoding = undefined
      }
    }
    await this.#send({ method: 'commit', absent, ...rows, removes })
    this.#caughtUp = undefined
  }

  pollReplies(): void {
    this.#options.writer.pollReplies()
  }

  async readLog(request: LogRequest): Promise<LogEntry[]> {
    return parseJson(await this.#read({ method: 'readLog', ...request }))
  }

  async search(request: SearchRequest): Promise<SearchHit[]> {
    await this.#catchUp()
    return parseJson(await this.#read({ method: 'search', request }))
  }

  async storedClasses(): Promise<{ domain: Domain; _class: string }[]> {
    return parseJson(await this.#read({ method: 'storedClasses' }))
  }

  async list(domain: Domain, cursor: string | undefined, byteLimit: number): Promise<DocumentPage> {
    return parseJson(await this.#read({ method: 'list', domain, cursor, byteLimit }))
  }

  async scan(domain: Domain): Promise<DomainScan> {
    const { value, ask } = await this.#long({ method: 'beginScan', domain })
    const { longReads } = this.#options
    const read = longReads.begin(this, ending(value.read, ask), longReads.limits.scanIdle)
    return new SqliteScan(value, read, { ask })
  }

  async upload(domain: Domain, docs: readonly Doc[]): Promise<void> {
    const layout = this.#layout(domain)
    const rows = docs.map((doc) =>
      domain === domains.tx ? transactionRow(doc) : documentRow(doc, keyValues(doc, layout)),
    )
    await this.#write({ method: 'upload', domain, rows, layout: layout.id })
  }

  async clean(domain: Domain, ids: readonly string[]): Promise<void> {
    await this.#write({ method: 'clean', domain, ids })
  }

  /** Set when the workspace is told to close. */
  get closing(): Promise<void> | undefined {
    return this.#closing
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    const { registered, readers, writer, syncReads, longReads, closed } = this.#options
    longReads.end(this)
    try {
      await this.#encoding
      syncReads.release(registered)
      await readers.release(registered)
      await writer.request(registered, { method: 'release' })
    } catch (error) {
      // A worker that has ended has closed its files.
      if (!(error instanceof StorageError)) throw error
    } finally {
      closed()
    }
  }

  #layout(domain: Domain): KeyLayout {
    const known = this.#layouts.get(domain)
    if (known !== undefined) return known
    const { schema } = this.#options.registered.attachment
    const layout = keyLayout(
      domain,
      schema.domains.find((declared) => declared.domain === domain),
    )
    this.#layouts.set(domain, layout)
    return layout
  }

  #encoded({ value: { parts, total, read }, ask }: Begun<FoundParts>): EncodedResult {
    if (read === undefined) return { parts, total }
    const { longReads } = this.#options
    const open = longReads.begin(this, ending(read, ask))
    const next = async () => {
      const {
        parts: [part],
        final,
      } = await open.step(() => ask({ method: 'nextPart', read }))
      if (final) open.end()
      return { part, final }
    }
    return { parts, total, rest: { isSnapshot: true, next, close: () => open.end() } }
  }

  /** Runs a call that may hold a snapshot. If there are too many, waits for another one to end. */
  async #long<C extends LongCall>(call: C): Promise<Begun<Exclude<ResultOfCall<C>, typeof busy>>> {
    const { longReads, readers, registered } = this.#options
    for (;;) {
      const { ended } = longReads
      if (this.#closing !== undefined) return await closedWorkspace()
      const { value, ask } = await readers.begin(registered, call)
      if (isBegun(value)) return { value, ask }
      await longReads.room(ended)
    }
  }

  #syncPage(plan: FindPlan): Page | undefined {
    const { syncReads, registered } = this.#options
    // Searches wait for the full-text index.
    const isAtHand = this.#closing === undefined && !planSearches(plan)
    return isAtHand ? syncReads.page(registered, plan) : undefined
  }

  #read<C extends ReadCall>(call: C): Promise<ResultOfCall<C>> {
    const { readers, registered } = this.#options
    return this.#closing === undefined ? readers.request(registered, call) : closedWorkspace()
  }

  #write<C extends WriteCall>(call: C): Promise<ResultOfCall<C>> {
    const encoding = this.#encoding
    return encoding === undefined ? this.#send(call) : encoding.then(() => this.#send(call))
  }

  #send<C extends WriteCall>(call: C): Promise<ResultOfCall<C>> {
    return this.#closing === undefined
      ? this.#options.writer.request(this.#options.registered, call)
      : closedWorkspace()
  }

  async #catchUpFor(plan: FindPlan): Promise<void> {
    if (planSearches(plan)) await this.#catchUp()
  }

  async #catchUp(): Promise<void> {
    const run = (this.#caughtUp ??= this.#write({ method: 'catchUp' }))
    try {
      await run
    } catch (error) {
      if (this.#caughtUp === run) this.#caughtUp = undefined
      throw error
    }
  }
}

function isBegun<R>(value: R): value is Exclude<R, typeof busy> {
  return value !== busy
}

function ending(read: number, ask: AskReader): () => void {
  return () => void ask({ method: 'closeRead', read }).catch(() => undefined)
}

function closedWorkspace(): Promise<never> {
  return Promise.reject(new StorageError('closed', 'the workspace is closed'))
}
