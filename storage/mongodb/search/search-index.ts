import type { Domain } from '../../../model/documents.ts'
import {
  type SearchHit,
  type SearchRequest,
  StorageError,
  type StorageErrorCode,
  type StorageSchema,
  type WorkspaceStorage,
} from '../../contract.ts'
import { searchFeedLimits } from '../../search/search-feed-limits.ts'
import type { History } from '../log/workspace-metadata.ts'
import type { Log } from '../log/log.ts'
import type { QueryContext } from '../query/query.ts'
import { AT_ONCE, IndexFeed } from './index-feed.ts'
import { IndexFile, type IndexFileOptions } from './index-file.ts'
import { SearchedFields } from './searched-fields.ts'

/** A find that can do without the index waits until it contains at most this number of further log entries. */
const WORTH_WAITING = 10 * AT_ONCE

/** Failures of the index file that leave the database usable. */
const fileFailures: ReadonlySet<StorageErrorCode> = new Set(['damaged', 'full', 'read-only'])

export interface SearchIndexOptions extends IndexFileOptions {
  context: QueryContext & { log: Log; history: History }
  /** Maximum number of ids in the prefilter of a find. Beyond it, a scan of all documents costs no more. */
  maxPrefilterIds?: number | undefined
}

/**
 * The full-text index of a workspace: that of SQLite storage, over a file on this server that contains the searched
 * fields of each document. The index follows the log with its own cursor. It is rebuilt if the file is missing or
 * damaged, or if it belongs to another history or was made for other fields.
 */
export class SearchIndex {
  readonly maxPrefilterIds: number
  readonly #context: SearchIndexOptions['context']
  readonly #file: IndexFile
  readonly #feed: IndexFeed
  #fields = new SearchedFields({ domains: [] })
  #run: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  /** The last declared schema: it may change between {@link schedule} and the update. */
  #declared: StorageSchema = { domains: [] }
  #isClosed = false

  constructor(options: SearchIndexOptions) {
    this.#context = options.context
    this.#file = new IndexFile(options)
    this.#feed = new IndexFeed(this.#file, options.context)
    this.maxPrefilterIds = options.maxPrefilterIds ?? 5000
  }

  /** Indexes all committed changes, then searches. */
  async search(request: SearchRequest, schema: StorageSchema): Promise<SearchHit[]> {
    const search = (file: WorkspaceStorage) => file.search(request)
    try {
      return await this.#read(schema, search)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'damaged') throw error
      await this.#exclusive(() => this.#file.discard())
      return await this.#read(schema, search)
    }
  }

  /**
   * Reads the index after all committed changes were indexed. Resolves with `undefined` if that would take long, or if
   * the index file failed; the update then continues in the background.
   */
  async readIfNear<T>(
    schema: StorageSchema,
    read: (file: WorkspaceStorage) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      if (!this.#isFarBehind) await this.#exclusive(() => this.#open(schema))
      if (!this.#isFarBehind) return await this.#read(schema, read)
      this.schedule(schema)
    } catch (error) {
      if (!(error instanceof StorageError) || !fileFailures.has(error.code)) throw error
      if (error.code === 'damaged') await this.#exclusive(() => this.#file.discard())
    }
    return undefined
  }

  get #isFarBehind(): boolean {
    const { state } = this.#file
    const { log } = this.#context
    return state !== undefined && (state.rebuild.length > 0 || log.lastSeq - state.seq > WORTH_WAITING)
  }

  /** Indexes committed changes after a delay, which merges several changes of one document. */
  schedule(schema: StorageSchema): void {
    this.#declared = schema
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      // The next search reports a failure. The index continues where it stopped.
      this.#exclusive(() => this.#catchUp(this.#declared)).catch(() => undefined)
    }, searchFeedLimits.delay).unref()
  }

  /** Documents were changed past the log, and `restores` already counts this. */
  async restored(domain: Domain, ids: readonly string[]): Promise<void> {
    await this.#exclusive(async () => {
      const { opened, state } = this.#file
      if (opened === undefined || state === undefined) return
      if (this.#fields.domains.has(domain)) await this.#feed.update(opened, this.#fields, { domain, ids })
      await this.#file.save(opened, { ...state, restores: this.#context.history.restores ?? 0 })
    })
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#isClosed = true
    await this.#exclusive(() => this.#file.close())
  }

  /** Starts the read before the next exclusive action can close the file, which waits for the read. */
  async #read<T>(schema: StorageSchema, read: (file: WorkspaceStorage) => Promise<T>): Promise<T> {
    this.#declared = schema
    const begin = async () => ({ reading: this.#file.reading(read(await this.#catchUp(schema))) })
    const { reading } = await this.#exclusive(begin)
    return await reading
  }

  async #catchUp(schema: StorageSchema): Promise<WorkspaceStorage> {
    const file = await this.#open(schema)
    while (await this.#feed.advance(file, this.#fields));
    return file
  }

  /** Runs one action after another. */
  #exclusive<T>(action: () => Promise<T>): Promise<T> {
    const run = this.#run.then(action)
    this.#run = run.catch(() => undefined)
    return run
  }

  async #open(schema: StorageSchema): Promise<WorkspaceStorage> {
    if (this.#isClosed) throw new StorageError('closed', 'the workspace is closed')
    this.#fields = new SearchedFields(schema)
    return await this.#file.open(this.#fields)
  }
}
