import type { Doc, Domain, Ref } from '../model/documents.ts'
import type { SearchPrefix } from '../model/query/search-terms.ts'
import type { FindPlan, Path } from '../model/query/plan.ts'
import type { FindResult } from '../model/query/query.ts'
import type { TxCUD } from '../model/transactions.ts'

/** What every storage adapter does. One contract test suite runs against each of them. */
export interface Storage {
  readonly name: string
  /**
   * Opens a workspace, creating it when it is new. What an earlier schema declared is kept besides this one, for
   * the caller knows the workspace's own model only after reading its log. Fails with a `StorageError`:
   * `conflict` while it is open already.
   */
  openWorkspace: (workspace: string, schema: StorageSchema) => Promise<WorkspaceStorage>
  /** Closes every workspace and ends every worker. Idempotent. */
  close: () => Promise<void>
}

/** One open workspace. There is one owner, which commits one batch after another. */
export interface WorkspaceStorage {
  /** Identifies this history of the workspace: another one after it was restored or wiped. */
  readonly epoch: string
  /** The last committed `seq` when the workspace was opened; 0 for a new one. */
  readonly lastSeq: number
  /** Bytes of entries, and of documents that they change, which are best committed together at most. */
  readonly maxGroupBytes: number

  /** Makes what is declared (indexes, full-text fields), and drops what no longer is. */
  applySchema: (schema: StorageSchema) => Promise<void>

  find: (plan: FindPlan) => Promise<FindResult>
  /**
   * The same result as JSON text, a long one part by part. Only where `plan.lookups` is within storage. Fails with
   * `limit` when too many long results are under way and none ends in time.
   */
  findEncoded: (plan: FindPlan, limits: PartLimits) => Promise<EncodedResult>
  /** That, where it is short and can be read at once; `undefined` where it may take longer, or fails. */
  findAtOnce?: (plan: FindPlan, limits: PartLimits) => EncodedResult | undefined
  /** The documents with these ids, in no order; missing ones are left out. */
  get: (domain: Domain, ids: readonly string[]) => Promise<Doc[]>
  /** What the commit queue reads before a batch, in one go. */
  prefetch: (request: Prefetch) => Promise<Prefetched>

  /**
   * Durable when it resolves: all of the batch, or (rejected) none. `entries[0].seq` is the last `seq` + 1. Fails with
   * `too-large`, mostly a `TooLargeError`, when something of it, or all of it together, is more than is kept.
   */
  commit: (batch: CommitBatch) => Promise<void>
  /** Takes in the answer to a commit that has come, where the event loop would bring it only after other work. */
  pollReplies?: () => void
  /** Log entries with `seq > after`, in order. `objectSpace` narrows them. */
  readLog: (request: { after: number; limit: number; objectSpace?: string }) => Promise<LogEntry[]>

  /** Full-text search over the fields the schema declares. */
  search: (request: SearchRequest) => Promise<SearchHit[]>

  /** The classes of all stored documents, those in domains that no class declares among them. */
  storedClasses: () => Promise<{ domain: Domain; _class: string }[]>

  /** A page of the domain's documents by id, of at most so many bytes or one document; start with no cursor. */
  list: (domain: Domain, cursor: string | undefined, byteLimit: number) => Promise<DocumentPage>
  /** Begins a walk over the domain as of now. Fails with `limit` as `findEncoded` does. */
  scan: (domain: Domain) => Promise<DomainScan>
  /**
   * Replaces or adds documents as they are (a restore): no log entry. Transactions (domain `tx`) get places in the
   * log; the next opening puts it in the order of time and has another epoch, so open the workspace anew then.
   */
  upload: (domain: Domain, docs: readonly Doc[]) => Promise<void>
  /** Removes documents (a restore): no log entry. For domain `tx` as with `upload`. */
  clean: (domain: Domain, ids: readonly string[]) => Promise<void>

  /** Idempotent; waits for what is under way. */
  close: () => Promise<void>
}

/** A transaction's place in the workspace's history. */
export interface LogEntry {
  /** 1, 2, 3, ... without a gap. */
  seq: number
  /** A restored log may contain values of unknown classes, and with missing fields. */
  tx: TxCUD
  /** `_id` of the transaction the client sent: its own, or the one it was derived from. */
  request: string
  /** The answer to the client, on the entries of a request that has one worth keeping. */
  result?: unknown
}

export interface CommitBatch {
  /** What the batch takes to be new: when any of it is there, `exists`, and nothing is changed. */
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
  /** For each known request or transaction id its first result. */
  requests: { id: string; result: unknown }[]
  documents: { domain: Domain; docs: Doc[] }[]
}

export interface PartLimits {
  /** Largest part, in bytes of JSON text. A single larger document is a part of its own. */
  maxBytes: number
  maxCount: number
}

/** Documents as JSON, separated by commas, without brackets: as text, or in UTF-8 when it is long. */
export type Part = string | Uint8Array<ArrayBuffer>

export interface EncodedResult {
  /** All of it, or the beginning where there is a `rest`. */
  parts: Part[]
  total: number
  rest?: PartStream | undefined
}

/** Parts that are read as they are asked for. Whoever does not take the last one closes it. */
export interface PartStream {
  /** The documents are those of one moment, the one in which the first part was read. */
  readonly isSnapshot: boolean
  /**
   * Asked for one at a time. Fails with `limit` when it was not asked for in time, with `closed` when the workspace
   * was closed, and is closed by any failure.
   */
  next: () => Promise<{ part: Part; final: boolean }>
  /** Idempotent. */
  close: () => void
}

export interface SearchRequest {
  text: string
  /** Which words may be the beginning of a word; all where nothing is said. */
  prefix?: SearchPrefix | undefined
  /** Concrete classes; all when undefined. */
  classes?: readonly string[] | undefined
  spaces?: readonly string[] | undefined
  /** What may be found; everything when undefined. */
  visible?: VisibleDocuments | undefined
  limit: number
}

/** What one account may find. */
export interface VisibleDocuments {
  account: string
  /** Documents in these spaces only. */
  spaces: readonly string[]
  /** Documents of these classes only. */
  classes: readonly string[]
  /** Documents of these classes are spaces, and are found where they are among `spaces` themselves. */
  spaceClasses: readonly string[]
  /** Documents of these classes are found where the account created them. */
  creatorClasses: readonly string[]
}

export interface SearchHit {
  id: string
  _class: string
  title?: string
  /** Higher is better. */
  score: number
  /** Where the words were found, in the order of the declared fields. */
  highlights: Highlight[]
}

/** A piece of a field's text with words that were looked for. */
export interface Highlight {
  /** The field's path, with dots. */
  field: string
  text: string
  /** From where to where in `text`, in UTF-16 units, without overlap. */
  marks: [from: number, to: number][]
}

export interface DocumentInfo {
  id: Ref
  /** Hex digest of the document's content, independent of key order. */
  hash: string
  /** Bytes of its JSON text. */
  size: number
}

export interface DocumentPage {
  docs: DocumentInfo[]
  /** Where the next page starts; undefined when this was the last. */
  cursor?: string | undefined
}

/**
 * The documents of a domain as of one place in the log, whatever is committed meanwhile. What is restored or cleaned
 * meanwhile, which has no place in the log, is seen or not: in embedded storage it is not.
 */
export interface DomainScan {
  /** The last entry that it has taken into account. */
  readonly seq: number
  /**
   * The next ones by id, of at most so many bytes of JSON text, or one that is larger. One call at a time. Fails as
   * that of `PartStream` does.
   */
  next: (byteLimit: number) => Promise<{ docs: DocumentInfo[]; finished: boolean }>
  /** Those of the ids that were there, in no order. */
  get: (ids: readonly string[]) => Promise<Doc[]>
  /** Idempotent. */
  close: () => void
}

/** What the model declares, resolved per domain. */
export interface StorageSchema {
  domains: DomainSchema[]
}

export interface DomainSchema {
  domain: Domain
  indexes: IndexSchema[]
  /** Paths of full-text attributes; the first that is set is the hit's title. */
  fullText: Path[]
  /** Classes in whose documents full-text search tells letters with accents from those without. */
  accented?: readonly string[]
}

export interface IndexSchema {
  keys: { path: Path; order: 1 | -1 }[]
}

export type StorageErrorCode =
  'damaged' | 'full' | 'read-only' | 'unavailable' | 'closed' | 'conflict' | 'exists' | 'limit' | 'too-large'

/** A failure of the storage, not of the request. */
export class StorageError extends Error {
  /** With `limit` the message names the limit. */
  readonly code: StorageErrorCode
  #isReported = false

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StorageError'
    this.code = code
  }

  /** Whether it is asked for the first time: many requests may fail of it, which is one line of the server's log. */
  isFirstReport(): boolean {
    const isFirst = !this.#isReported
    this.#isReported = true
    return isFirst
  }
}
