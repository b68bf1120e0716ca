import type { Doc, Domain, Ref } from '../model/documents.ts'
import type { SearchPrefix } from '../model/query/search-terms.ts'
import type { FindPlan, Path } from '../model/query/plan.ts'
import type { FindResult } from '../model/query/query.ts'
import type { StorageObserver } from './storage-observer.ts'
import type { TxCUD } from '../model/transactions.ts'

/**
 * The interface of storage adapters. One contract test suite runs against each of them. A read of an adapter
 * that is not in memory has a deadline, and rejects with `ReadTimeoutError` at it.
 */
export interface Storage {
  readonly name: string
  /**
   * Opens a workspace, and creates it if it is new. Declarations of earlier schemas are kept, because the caller
   * learns the workspace's own model only from its log. Rejects with `StorageError` `conflict` if the workspace is
   * already open.
   */
  openWorkspace: (workspace: string, schema: StorageSchema) => Promise<WorkspaceStorage>
  /** Reports queues and threads from now on. */
  observe?: (observer: StorageObserver) => void
  /** Closes all workspaces and ends all workers. Idempotent. */
  close: () => Promise<void>
}

/** An open workspace. It has one owner, which commits one batch at a time. */
export interface WorkspaceStorage {
  /** Identifies the history of the workspace. A restore or a wipe starts another epoch. */
  readonly epoch: string
  /** The last `seq` when the workspace was opened; 0 for a new one. */
  readonly lastSeq: number
  /** Recommended maximum size of a batch: bytes of its entries and of the documents that they change. */
  readonly maxGroupBytes: number

  /** Creates declared indexes and full-text fields, and drops undeclared ones. */
  applySchema: (schema: StorageSchema) => Promise<void>

  find: (plan: FindPlan) => Promise<FindResult>
  /**
   * The same result as JSON text, in parts if it is long. Requires that `plan.lookups` are within storage. Rejects
   * with `limit` if there are too many long results and none ends in time.
   */
  findEncoded: (plan: FindPlan, limits: PartLimits) => Promise<EncodedResult>
  /** A short result, read synchronously; `undefined` if the read may take longer or fails. */
  findAtOnce?: (plan: FindPlan, limits: PartLimits) => EncodedResult | undefined
  /** The documents with these ids, in any order. Missing ones are omitted. */
  get: (domain: Domain, ids: readonly string[]) => Promise<Doc[]>
  /** Reads for the commit queue, in one round trip. */
  prefetch: (request: Prefetch) => Promise<Prefetched>

  /**
   * Commits the batch completely, or rejects without effect. The batch is durable when the promise resolves.
   * `entries[0].seq` is the last `seq` + 1. Rejects with `too-large`, usually a `TooLargeError`, if a part or the
   * whole of the batch exceeds a limit.
   */
  commit: (batch: CommitBatch) => Promise<void>
  /** Handles replies to commits that have arrived, before the event loop does. */
  pollReplies?: () => void
  /** Log entries with `seq > after`, in order, optionally of one `objectSpace`, or of these `objectId`s. */
  readLog: (request: LogRequest) => Promise<LogEntry[]>

  /** Full-text search over the fields that the schema declares. */
  search: (request: SearchRequest) => Promise<SearchHit[]>

  /** The classes of all stored documents, including those in undeclared domains. */
  storedClasses: () => Promise<{ domain: Domain; _class: string }[]>

  /**
   * A page of the domain's documents by id: up to this number of bytes, or one document. Omit the cursor for the
   * first page.
   */
  list: (domain: Domain, cursor: string | undefined, byteLimit: number) => Promise<DocumentPage>
  /** Starts a scan of the domain as of now. Rejects with `limit` as `findEncoded` does. */
  scan: (domain: Domain) => Promise<DomainScan>
  /**
   * Restores documents without log entries. Transactions (domain `tx`) are appended to the log. The next opening
   * sorts the log by time and starts another epoch, so open the workspace again afterwards.
   */
  upload: (domain: Domain, docs: readonly Doc[]) => Promise<void>
  /** Removes documents without log entries, for a restore. For the domain `tx` see `upload`. */
  clean: (domain: Domain, ids: readonly string[]) => Promise<void>

  /** Waits for work in progress. Idempotent. */
  close: () => Promise<void>
}

/** A transaction with its position in the log. */
export interface LogEntry {
  /** 1, 2, 3, ... without gaps. */
  seq: number
  /** A restored log may contain values of unknown classes or with missing fields. */
  tx: TxCUD
  /** `_id` of the transaction that the client sent: this one, or the one that it was derived from. */
  request: string
  /** The result for the client, if it is stored with this entry. */
  result?: unknown
}

export interface LogRequest {
  after: number
  limit: number
  objectSpace?: string
  /** The `objectId`s of the transactions: of changes of attached documents, those of their parents. */
  objectIds?: readonly string[]
}

export interface CommitBatch {
  /** Assumptions of the batch. If one is wrong, the commit fails with `exists`. */
  absent?: Absent | undefined
  entries: LogEntry[]
  puts: { domain: Domain; doc: Doc }[]
  removes: { domain: Domain; id: string }[]
}

export interface Absent {
  /** Ids of requests and transactions. */
  requests: readonly string[]
  documents: readonly { domain: Domain; ids: readonly string[] }[]
}

export interface Prefetch {
  /** Ids of requests and transactions that may have been committed before. */
  requests: readonly string[]
  documents: { domain: Domain; ids: readonly string[] }[]
}

export interface Prefetched {
  /** The first result of each known request or transaction. */
  requests: { id: string; result: unknown }[]
  documents: { domain: Domain; docs: Doc[] }[]
}

export interface PartLimits {
  /** Maximum size of a part, in bytes of JSON text. A larger document is a part of its own. */
  maxBytes: number
  maxCount: number
}

/** JSON of documents, separated by commas, without brackets: a string, or UTF-8 if it is long. */
export type Part = string | Uint8Array<ArrayBuffer>

export interface EncodedResult {
  /** All parts, or the first ones if there is a `rest`. */
  parts: Part[]
  total: number
  rest?: PartStream | undefined
}

/** Parts that are read on demand. Close the stream unless the last part was read. */
export interface PartStream {
  /** Whether all parts are of one moment: that of the first part. */
  readonly isSnapshot: boolean
  /**
   * One call at a time. Rejects with `limit` if it comes too late, and with `closed` if the workspace was closed. Any
   * failure closes the stream.
   */
  next: () => Promise<{ part: Part; final: boolean }>
  /** Idempotent. */
  close: () => void
}

export interface SearchRequest {
  text: string
  /** Which words match as prefixes; all by default. */
  prefix?: SearchPrefix | undefined
  /** Concrete classes; all if undefined. */
  classes?: readonly string[] | undefined
  spaces?: readonly string[] | undefined
  /** Restricts the result; no restriction if undefined. */
  visible?: VisibleDocuments | undefined
  limit: number
}

/** The documents that one account sees. */
export interface VisibleDocuments {
  account: string
  /** Documents in these spaces only. */
  spaces: readonly string[]
  /** Documents of these classes only. */
  classes: readonly string[]
  /** Documents of these classes are spaces. They are visible if their own id is among `spaces`. */
  spaceClasses: readonly string[]
  /** Documents of these classes are visible to their creator only. */
  creatorClasses: readonly string[]
}

export interface SearchHit {
  id: string
  _class: string
  title?: string
  /** Higher is better. */
  score: number
  /** The matches, in the order of the declared fields. */
  highlights: Highlight[]
}

/** A piece of a field's text that contains matching words. */
export interface Highlight {
  /** The dotted path of the field. */
  field: string
  text: string
  /** Positions of matching words in `text`, in UTF-16 units, without overlap. */
  marks: [from: number, to: number][]
}

export interface DocumentInfo {
  id: Ref
  /** Hex digest of the document's content, independent of key order. */
  hash: string
  /** Size of its JSON text in bytes. */
  size: number
}

export interface DocumentPage {
  docs: DocumentInfo[]
  /** The start of the next page; undefined on the last page. */
  cursor?: string | undefined
}

/**
 * The documents of a domain as of one log position, regardless of later commits. Whether it includes documents that
 * are restored or removed during the scan is undefined; SQLite storage excludes them.
 */
export interface DomainScan {
  /** The log position of the scan. */
  readonly seq: number
  /**
   * The next documents by id: up to this number of bytes of JSON text, or one larger document. One call at a time.
   * Rejects as `PartStream.next` does.
   */
  next: (byteLimit: number) => Promise<{ docs: DocumentInfo[]; finished: boolean }>
  /** The documents with these ids at that position, in any order. */
  get: (ids: readonly string[]) => Promise<Doc[]>
  /** Idempotent. */
  close: () => void
}

/** The declarations of the model, by domain. */
export interface StorageSchema {
  domains: DomainSchema[]
}

export interface DomainSchema {
  domain: Domain
  indexes: IndexSchema[]
  /** Paths of full-text attributes. The first one with a value is the title of a hit. */
  fullText: Path[]
  /** Classes for whose documents full-text search distinguishes accented letters. */
  accented?: readonly string[]
}

export interface IndexSchema {
  keys: { path: Path; order: 1 | -1 }[]
}

export type StorageErrorCode =
  | 'damaged'
  | 'full'
  | 'read-only'
  | 'unavailable'
  | 'closed'
  | 'conflict'
  | 'exists'
  | 'limit'
  | 'timeout'
  | 'too-large'

/** A failure of the storage, not of the request. */
export class StorageError extends Error {
  /** For `limit`, the message names the limit. */
  readonly code: StorageErrorCode
  #isReported = false

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StorageError'
    this.code = code
  }

  /** Whether this is the first report of the failure. Many requests may fail with it, but it is logged once. */
  isFirstReport(): boolean {
    const isFirst = !this.#isReported
    this.#isReported = true
    return isFirst
  }
}
