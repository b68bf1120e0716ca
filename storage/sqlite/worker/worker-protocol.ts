import type { MessagePort } from 'node:worker_threads'
import type { Doc, Domain } from '../../../model/documents.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import type { WithLookup } from '../../../model/query/query.ts'
import type {
  Absent,
  DocumentInfo,
  DocumentPage,
  EncodedResult,
  LogEntry,
  LogRequest,
  Part,
  PartLimits,
  Prefetch,
  Prefetched,
  SearchHit,
  SearchRequest,
  StorageSchema,
} from '../../contract.ts'
import type { JsonText } from '../../shared/json-text.ts'
import type { Put, Upload } from '../file/documents.ts'
import type { Failure } from '../file/failure.ts'
import type { Row } from '../sql/row.ts'

interface Method<P extends object, R> {
  params: P
  result: R
}

/** Methods of a worker that reads, with their parameters and results. Documents travel as JSON text. */
export interface ReadMethods {
  find: Method<{ plan: FindPlan }, JsonText<{ total: number; docs: WithLookup<Doc>[] }>>
  findEncoded: Method<{ plan: FindPlan; limits: PartLimits }, FoundParts | typeof busy>
  nextPart: Method<{ read: number }, NextPart>
  beginScan: Method<{ domain: Domain }, ScanStarted | typeof busy>
  nextScanPage: Method<{ read: number; byteLimit: number }, JsonText<ScanPage>>
  getInScan: Method<{ read: number; ids: readonly string[] }, JsonText<Doc[]>>
  closeRead: Method<{ read: number }, undefined>
  get: Method<{ domain: Domain; ids: readonly string[] }, JsonText<Doc[]>>
  readLog: Method<LogRequest, JsonText<LogEntry[]>>
  search: Method<{ request: SearchRequest }, JsonText<SearchHit[]>>
  storedClasses: Method<object, JsonText<{ domain: Domain; _class: string }[]>>
  list: Method<{ domain: Domain; cursor: string | undefined; byteLimit: number }, JsonText<DocumentPage>>
}

/** Methods of the one worker that writes to a workspace. */
export interface WriteMethods {
  open: Method<object, Opened>
  applySchema: Method<{ schema: StorageSchema }, undefined>
  prefetch: Method<{ request: Prefetch }, JsonText<Prefetched>>
  commit: Method<CommitParams, undefined>
  upload: Method<Upload, undefined>
  clean: Method<{ domain: Domain; ids: readonly string[] }, undefined>
  catchUp: Method<object, undefined>
}

/** Methods of both kinds of workers: which file a workspace has, and that it is closed. */
export interface HandleMethods {
  attach: Method<{ attachment: Attachment }, undefined>
  release: Method<object, undefined>
}

export interface Methods extends ReadMethods, WriteMethods, HandleMethods {}

export type MethodName = keyof Methods
export type CallOf<M extends MethodName> = { [N in M]: { method: N } & Methods[N]['params'] }[M]
export type ResultOf<M extends MethodName> = Methods[M]['result']
export type ResultOfCall<C extends Call> = ResultOf<C['method']>
export type ReadCall = CallOf<keyof ReadMethods>
export type WriteCall = CallOf<keyof WriteMethods>
export type Call = CallOf<MethodName>

export interface CommitParams {
  absent: Absent | undefined
  entries: Row[]
  puts: Put[]
  removes: { domain: Domain; id: string }[]
}

/** `read` is set if `nextPart` returns more. */
export interface FoundParts extends EncodedResult {
  read?: number
}

/** The result if the worker has the maximum number of long reads. */
export const busy = 'busy'

export interface ScanStarted {
  read: number
  seq: number
}

export interface ScanPage {
  docs: DocumentInfo[]
  finished: boolean
}

/** The part is in an array, so that it is transferred like those of `findEncoded`. */
export interface NextPart {
  parts: [Part]
  final: boolean
}

export interface Attachment {
  file: string
  schema: StorageSchema
}

/** Requests are sent in arrays: those of one turn of the event loop, or those up to a commit. */
export interface Request {
  id: number
  /** The number of the workspace within its storage. */
  workspace: number
  call: Call
  /** When it was sent, if its time in the queue is wanted; see {@link wallTime}. */
  at?: number
}

export type Reply = {
  id: number
  /** Seconds in the queue, if they are wanted. */
  waited?: number
} & ({ value: ResultOf<MethodName> } | { failure: Failure } | { revoked: true })

/** Milliseconds on a clock that all threads share. */
export function wallTime(): number {
  return performance.timeOrigin + performance.now()
}

/** Positions in the memory that a worker shares with the event loop. Each has one writer. */
export const shared = {
  /** Counts the messages to the worker. The worker sees a message before its event loop delivers it. */
  requests: 0,
  /** Counts the messages from the worker. */
  replies: 1,
  /** The call that the worker runs, or ran last. */
  running: 2,
  /** The call that has to stop. */
  stopped: 3,
  /** Calls up to this one that have not begun go to another worker. */
  revoked: 4,
} as const
export const sharedLength = 5

/** Whether a call was sent before another one, or is the same. Ids start again below zero after 2 ** 31. */
export function isUpTo(id: number, last: number): boolean {
  return ((last - id) | 0) >= 0
}

export interface WorkerOptions {
  role: 'writer' | 'reader'
  maxOpenFiles: number
  maxPages?: number | undefined
  /** Maximum number of reads that take several requests. */
  maxLongReads: number
  port: MessagePort
  /** See {@link shared}. */
  memory: Int32Array
}

export interface Opened {
  epoch: string
  lastSeq: number
  schema: StorageSchema
}
