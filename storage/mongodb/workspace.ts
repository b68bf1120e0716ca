import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
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
  type PartStream,
  type Prefetch,
  type Prefetched,
  type SearchHit,
  type SearchRequest,
  StorageError,
  type StorageSchema,
  type WorkspaceStorage,
} from '../contract.ts'
import { ConcurrencyLimit } from '../shared/concurrency-limit.ts'
import { ReadTimeoutError } from '../shared/read-timeout.ts'
import { type ReadBound, withinReadTimeout } from './driver/read-bound.ts'
import type { LongRead, LongReads } from '../shared/long-reads.ts'
import { prefilterPlan } from './search/search-prefilter.ts'
import { toStorageError } from './driver/failure.ts'
import { find } from './query/find.ts'
import { findParts, type Parts } from './query/long-find.ts'
import type { OpenedWorkspace } from './open.ts'
import { retrying } from './driver/retry.ts'
import { maxGroupBytes } from './driver/size-limits.ts'
import type { SearchIndex } from './search/search-index.ts'
import { storedClasses } from './stored-classes.ts'
import { listPage, ReplayingScan } from './query/scan.ts'

export interface WorkspaceParts {
  longReads: LongReads
  searchIndex: SearchIndex
  /** Milliseconds that a client's read may take, and what is called when one takes longer. */
  reading: { timeout: number; timedOut: () => void }
  closed: () => void
}

/** Reads of a workspace at once: a quarter of the driver's default connections, so that others have some left. */
const READS_AT_ONCE = 25

/** An open workspace: the owner's access to a database. */
export class MongoWorkspace implements WorkspaceStorage {
  readonly epoch: string
  readonly lastSeq: number
  readonly maxGroupBytes = maxGroupBytes
  readonly #opened: OpenedWorkspace
  readonly #longReads: LongReads
  readonly #searchIndex: SearchIndex
  readonly #closed: () => void
  readonly #reading: WorkspaceParts['reading']
  readonly #turns = new ConcurrencyLimit(READS_AT_ONCE)
  readonly #running = new Set<Promise<unknown>>()
  /** The end of the last write. */
  #writing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(opened: OpenedWorkspace, parts: WorkspaceParts) {
    const { longReads, searchIndex, reading, closed } = parts
    this.#reading = reading
    this.#opened = opened
    this.#searchIndex = searchIndex
    this.#longReads = longReads
    this.#closed = closed
    this.epoch = opened.history.epoch
    this.lastSeq = opened.log.lastSeq
  }

  applySchema(schema: StorageSchema): Promise<void> {
    return this.#write(() => retrying(() => this.#opened.schema.apply(schema), this.#opened.retry))
  }

  find(plan: FindPlan): Promise<FindResult> {
    return this.#bounded(async (bound) => find(await this.#narrowed(plan), { ...this.#opened, bound }))
  }

  async findEncoded(plan: FindPlan, limits: PartLimits): Promise<EncodedResult> {
    const { parts, total, rest } = await this.#bounded(async (bound) =>
      findParts(await this.#narrowed(plan), limits, { ...this.#opened, bound }),
    )
    if (rest === undefined) return { parts, total }
    try {
      return { parts, total, rest: await this.#stream(rest) }
    } catch (error) {
      await rest.close()
      throw error
    }
  }

  get(domain: Domain, ids: readonly string[]): Promise<Doc[]> {
    return this.#bounded((bound) => this.#opened.documents.read(domain, ids, bound))
  }

  prefetch({ requests, documents }: Prefetch): Promise<Prefetched> {
    return this.#read(async () => {
      const [known, found] = await Promise.all([
        this.#opened.log.results(requests),
        Promise.all(documents.map(({ domain, ids }) => this.#opened.documents.read(domain, ids))),
      ])
      const groups = documents.map(({ domain }, index) => ({ domain, docs: found[index] ?? [] }))
      return { requests: known, documents: groups }
    })
  }

  async commit(batch: CommitBatch): Promise<void> {
    await this.#write(() => this.#opened.committer.commit(batch))
    this.#searchIndex.schedule(this.#opened.schema.current)
  }

  async readLog(request: LogRequest): Promise<LogEntry[]> {
    const { committer, log } = this.#opened
    if (!committer.isSettled) await this.#write(() => committer.settle())
    return await this.#read(() => log.read(request))
  }

  search(request: SearchRequest): Promise<SearchHit[]> {
    return this.#bounded(() => this.#searchIndex.search(request, this.#opened.schema.current))
  }

  storedClasses(): Promise<{ domain: Domain; _class: string }[]> {
    return this.#read(() => storedClasses(this.#opened))
  }

  list(domain: Domain, cursor: string | undefined, byteLimit: number): Promise<DocumentPage> {
    return this.#read(() => listPage(domain, { cursor, byteLimit }, this.#opened))
  }

  async scan(domain: Domain): Promise<DomainScan> {
    const { committer } = this.#opened
    if (!committer.isSettled) await this.#write(() => committer.settle())
    const { scanIdle } = this.#longReads.limits
    const read = await this.#long(() => undefined, scanIdle)
    const scan = new ReplayingScan(domain, this.#opened)
    return {
      seq: scan.seq,
      next: (byteLimit) =>
        read.step(async () => {
          const page = await this.#read(() => scan.next(byteLimit))
          if (page.finished) read.finished()
          return page
        }),
      get: (ids) => read.step(() => this.#read(() => scan.get(ids))),
      close: () => read.end(),
    }
  }

  upload(domain: Domain, docs: readonly Doc[]): Promise<void> {
    const { restoring } = this.#opened
    return this.#write(async () => {
      if (domain === domains.tx) return await restoring.uploadTransactions(docs)
      await restoring.upload(domain, docs)
      await this.#searchIndex.restored(
        domain,
        docs.map(({ _id }) => _id),
      )
    })
  }

  clean(domain: Domain, ids: readonly string[]): Promise<void> {
    const { restoring } = this.#opened
    return this.#write(async () => {
      if (domain === domains.tx) return await restoring.cleanTransactions(ids)
      await restoring.clean(domain, ids)
      await this.#searchIndex.restored(domain, ids)
    })
  }

  /** Set when the workspace is told to close. */
  get closing(): Promise<void> | undefined {
    return this.#closing
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    const { committer, log, schema } = this.#opened
    this.#longReads.end(this)
    try {
      await Promise.allSettled([...this.#running, this.#writing])
      await this.#searchIndex.close()
      schema.close()
      if (committer.isSettled && !log.isLost) await log.seal()
    } catch {
      // The next owner replays what is missing.
    } finally {
      this.#closed()
    }
  }

  #narrowed(plan: FindPlan): Promise<FindPlan> {
    return prefilterPlan(plan, this.#opened.schema.current, this.#searchIndex)
  }

  /** A read for a client. Each attempt has the whole time, as an outage is not the fault of the read. */
  #bounded<T>(action: (bound: Required<ReadBound>) => Promise<T>): Promise<T> {
    const { timeout, timedOut } = this.#reading
    return this.#turns.run(() =>
      this.#read(async () => {
        try {
          return await withinReadTimeout(timeout, action)
        } catch (error) {
          if (error instanceof ReadTimeoutError) timedOut()
          throw error
        }
      }),
    )
  }

  async #read<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new StorageError('closed', 'the workspace is closed')
    const run = retrying(action, this.#opened.retry)
    this.#running.add(run)
    try {
      return await run
    } finally {
      this.#running.delete(run)
    }
  }

  async #stream(rest: Parts): Promise<PartStream> {
    const read = await this.#long(() => void rest.close().catch(() => undefined))
    const next = async () => {
      const part = await read.step(() => rest.next().catch(failed))
      if (part.final) read.end()
      return part
    }
    return { isSnapshot: false, next, close: () => read.end() }
  }

  /** Waits for another read to end if there are too many. */
  async #long(release: () => void, idle?: number): Promise<LongRead> {
    const reads = this.#longReads
    while (reads.size >= reads.limits.atOnce) await reads.room(reads.ended)
    if (this.#closing !== undefined) throw new StorageError('closed', 'the workspace is closed')
    return reads.begin(this, release, idle)
  }

  /** Runs one write at a time. */
  #write<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new StorageError('closed', 'the workspace is closed'))
    const run = this.#writing.then(action)
    this.#writing = run.catch(() => undefined)
    return run
  }
}

function failed(error: unknown): never {
  throw toStorageError(error)
}
