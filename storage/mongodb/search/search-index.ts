import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Doc, Domain } from '../../../model/documents.ts'
import {
  type SearchHit,
  type SearchRequest,
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageSchema,
  type WorkspaceStorage,
} from '../../contract.ts'
import { fileName } from '../../sqlite/file/file-name.ts'
import { namedIds, type NamingTransaction } from '../../shared/named-ids.ts'
import { searchFeedLimits } from '../../search/search-feed-limits.ts'
import type { History } from '../log/workspace-metadata.ts'
import type { Log } from '../log/log.ts'
import { both } from '../filters/compile-condition.ts'
import { compileQuery, type QueryContext } from '../query/query.ts'
import { SearchedFields } from './searched-fields.ts'
import { transactionOf } from '../log/stored-document.ts'
import { pushAll } from '../../../model/push-all.ts'

/** Documents, and entries of the log, taken in at once. */
const AT_ONCE = 500
/** Entries of the log that are waited for by who can do without the index. */
const WORTH_WAITING = 10 * AT_ONCE
const stateDomain = 'search-state'
const stateId = 'state'

/** How far the index has come. Another history, or another declaration, makes it anew. */
interface State {
  epoch: string
  /** Of `History`. */
  restores: number
  declared: string
  /** The last log entry it has taken in. */
  seq: number
  /** Domains that are still to be read from the start, the first one after the id. */
  rebuild: Domain[]
  after: string
}

/** What fails for the index's file alone. */
const ofTheFile: ReadonlySet<StorageErrorCode> = new Set(['damaged', 'full', 'read-only'])

export interface SearchIndexOptions {
  /** Embedded storage over the folder of the indexes. */
  storage: Storage
  directory: string
  workspace: string
  context: QueryContext & { log: Log; history: History }
  /** Ids that a find by words is narrowed to at most: where there are more, all documents may as well be looked at. */
  maxPrefilterIds?: number | undefined
}

/**
 * The full-text index of a workspace: embedded storage's, over a file of this server's own that has of each document
 * what can be searched. It follows the log by a cursor of its own, and is made anew when it is not there, damaged, of
 * another history or made for other fields.
 */
export class SearchIndex {
  readonly #options: SearchIndexOptions
  readonly maxPrefilterIds: number
  #fields = new SearchedFields({ domains: [] })
  #file: WorkspaceStorage | undefined
  #state: State | undefined
  #run: Promise<unknown> = Promise.resolve()
  /** Those under way; none fails. */
  readonly #readings = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  /** What was declared last: what is scheduled may begin after a change of that. */
  #declared: StorageSchema = { domains: [] }
  #isClosed = false

  constructor(options: SearchIndexOptions) {
    this.#options = options
    this.maxPrefilterIds = options.maxPrefilterIds ?? 5000
  }

  /** Takes in all that was committed, and searches. */
  async search(request: SearchRequest, schema: StorageSchema): Promise<SearchHit[]> {
    const search = (file: WorkspaceStorage) => file.search(request)
    try {
      return await this.#read(schema, search)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'damaged') throw error
      await this.#alone(() => this.#discard())
      return await this.#read(schema, search)
    }
  }

  /**
   * Reads the index after all that was committed was taken in; `undefined` when that would take long, or when its file
   * has failed. It goes on by itself then.
   */
  async whenNear<T>(
    schema: StorageSchema,
    read: (file: WorkspaceStorage) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      if (!this.#isFarBehind) await this.#alone(() => this.#opened(schema))
      if (!this.#isFarBehind) return await this.#read(schema, read)
      this.schedule(schema)
    } catch (error) {
      if (!(error instanceof StorageError) || !ofTheFile.has(error.code)) throw error
      if (error.code === 'damaged') await this.#alone(() => this.#discard())
    }
    return undefined
  }

  get #isFarBehind(): boolean {
    const { log } = this.#options.context
    const state = this.#state
    return state !== undefined && (state.rebuild.length > 0 || log.lastSeq - state.seq > WORTH_WAITING)
  }

  /** Takes in what was committed, soon: several changes of one document become one. */
  schedule(schema: StorageSchema): void {
    this.#declared = schema
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      // A failure shows at the next search; the index goes on from where it is.
      this.#alone(() => this.#caughtUp(this.#declared)).catch(() => undefined)
    }, searchFeedLimits.delay).unref()
  }

  /** Begins to read before the file can be closed, which waits until that is done. */
  async #read<T>(schema: StorageSchema, read: (file: WorkspaceStorage) => Promise<T>): Promise<T> {
    this.#declared = schema
    const begin = async () => ({ reading: this.#noted(read(await this.#caughtUp(schema))) })
    const { reading } = await this.#alone(begin)
    return await reading
  }

  #noted<T>(reading: Promise<T>): Promise<T> {
    const ended = () => void this.#readings.delete(done)
    const done: Promise<void> = reading.then(ended, ended)
    this.#readings.add(done)
    return reading
  }

  async #caughtUp(schema: StorageSchema): Promise<WorkspaceStorage> {
    const file = await this.#opened(schema)
    let goesOn = true
    while (goesOn) goesOn = (await this.#rebuildSlice(file)) || (await this.#followSlice(file))
    return file
  }

  /** Documents were changed past the log, and `restores` counted it before. */
  async restored(domain: Domain, ids: readonly string[]): Promise<void> {
    await this.#alone(async () => {
      if (this.#file === undefined || this.#state === undefined) return
      if (this.#fields.domains.has(domain)) await this.#takeIn(this.#file, domain, ids)
      await this.#save(this.#file, { ...this.#state, restores: this.#options.context.history.restores ?? 0 })
    })
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#isClosed = true
    await this.#alone(() => this.#closeFile())
  }

  #alone<T>(action: () => Promise<T>): Promise<T> {
    const run = this.#run.then(action)
    this.#run = run.catch(() => undefined)
    return run
  }

  async #opened(schema: StorageSchema): Promise<WorkspaceStorage> {
    if (this.#isClosed) throw new StorageError('closed', 'the workspace is closed')
    this.#fields = new SearchedFields(schema)
    const { declared } = this.#fields
    if (this.#file !== undefined && this.#state?.declared === declared) return this.#file
    await this.#closeFile()
    const file = (await this.#openKnown(declared)) ?? (await this.#openNew(declared))
    this.#file = file
    return file
  }

  /** `undefined` when there is none, or it has to be made anew. */
  async #openKnown(declared: string): Promise<WorkspaceStorage | undefined> {
    let file: WorkspaceStorage
    try {
      file = await this.#open()
    } catch (error) {
      if (error instanceof StorageError && error.code === 'damaged') return undefined
      throw error
    }
    const [stored] = (await file.get(stateDomain, [stateId])) as unknown as { state: State }[]
    const { history, log } = this.#options.context
    const isGood =
      stored?.state.declared === declared &&
      stored.state.epoch === history.epoch &&
      stored.state.restores === (history.restores ?? 0) &&
      stored.state.seq <= log.lastSeq
    if (isGood) {
      this.#state = stored.state
      return file
    }
    await file.close()
    return undefined
  }

  async #openNew(declared: string): Promise<WorkspaceStorage> {
    await this.#discard()
    const file = await this.#open()
    const { history, log } = this.#options.context
    const { epoch, restores = 0 } = history
    const rebuild = [...this.#fields.domains.keys()]
    await this.#save(file, { epoch, restores, declared, seq: log.lastSeq, rebuild, after: '' })
    return file
  }

  async #closeFile(): Promise<void> {
    await Promise.all(this.#readings)
    await this.#file?.close()
    this.#file = undefined
  }

  async #discard(): Promise<void> {
    await this.#closeFile()
    const path = join(this.#options.directory, fileName(this.#options.workspace))
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
  }

  #open(): Promise<WorkspaceStorage> {
    return this.#options.storage.openWorkspace(this.#options.workspace, {
      domains: [...this.#fields.domains.values()],
    })
  }

  /** Whether there was something to do. */
  async #rebuildSlice(file: WorkspaceStorage): Promise<boolean> {
    const state = this.#state
    const [domain, ...others] = state?.rebuild ?? []
    if (state === undefined || domain === undefined) return false
    const { source, filter } = compileQuery(domain, { op: 'all-of', conditions: [] }, this.#options.context)
    const rest = both([filter, { _id: { $gt: state.after } }])
    const cursor = source.collection.find(rest).sort({ _id: 1 }).limit(AT_ONCE)
    const docs: Doc[] = []
    let last: unknown
    for await (const stored of cursor) {
      last = stored['_id']
      pushAll(docs, source.decode(stored))
    }
    await file.upload(
      domain,
      docs.map((doc) => this.#fields.pruned(domain, doc)),
    )
    const isDone = typeof last !== 'string'
    await this.#save(file, {
      ...state,
      rebuild: isDone ? others : state.rebuild,
      after: isDone ? '' : (last as string),
    })
    return true
  }

  async #followSlice(file: WorkspaceStorage): Promise<boolean> {
    const { log } = this.#options.context
    const state = this.#state
    if (state === undefined || state.seq >= log.lastSeq) return false
    const changed = new Map<Domain, Set<string>>()
    let { seq } = state
    for await (const entry of log.after(seq)) {
      if (entry._id > log.lastSeq || entry._id > state.seq + AT_ONCE) break
      seq = entry._id
      const domains = entry['%domain'] === undefined ? this.#fields.domains.keys() : [entry['%domain']]
      for (const domain of domains) {
        if (!this.#fields.domains.has(domain)) continue
        const ids = changed.get(domain) ?? new Set()
        for (const id of namedIds(transactionOf(entry) as NamingTransaction)) ids.add(id)
        changed.set(domain, ids)
      }
    }
    for (const [domain, ids] of changed) await this.#takeIn(file, domain, [...ids])
    await this.#save(file, { ...state, seq })
    return seq > state.seq
  }

  /** The documents as they are now. */
  async #takeIn(file: WorkspaceStorage, domain: Domain, ids: readonly string[]): Promise<void> {
    const docs = await this.#options.context.documents.read(domain, ids)
    const there = new Set<string>(docs.map(({ _id }) => _id))
    if (docs.length > 0)
      await file.upload(
        domain,
        docs.map((doc) => this.#fields.pruned(domain, doc)),
      )
    const gone = ids.filter((id) => !there.has(id))
    if (gone.length > 0) await file.clean(domain, gone)
  }

  async #save(file: WorkspaceStorage, state: State): Promise<void> {
    const doc = {
      _id: stateId,
      _class: stateDomain,
      space: stateDomain,
      modifiedBy: '',
      modifiedOn: 0,
      state,
    }
    await file.upload(stateDomain, [doc as unknown as Doc])
    this.#state = state
  }
}
