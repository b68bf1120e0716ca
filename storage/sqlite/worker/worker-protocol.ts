import type { MessagePort } from 'node:worker_threads'
import type { Domain } from '../../../model/documents.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import type {
  Absent,
  EncodedResult,
  Part,
  PartLimits,
  Prefetch,
  SearchRequest,
  StorageSchema,
} from '../../contract.ts'
import type { Put, Upload } from '../file/documents.ts'
import type { Failure } from '../file/failure.ts'
import type { Row } from '../sql/row.ts'

/** What is asked of a worker that reads. Answers are JSON text, except for `findEncoded`'s. */
export type ReadCall =
  | { method: 'find'; plan: FindPlan }
  | { method: 'findEncoded'; plan: FindPlan; limits: PartLimits }
  | { method: 'nextPart'; read: number }
  | { method: 'beginScan'; domain: Domain }
  | { method: 'nextScanPage'; read: number; byteLimit: number }
  | { method: 'getInScan'; read: number; ids: readonly string[] }
  | { method: 'closeRead'; read: number }
  | { method: 'get'; domain: Domain; ids: readonly string[] }
  | { method: 'readLog'; after: number; limit: number; objectSpace?: string }
  | { method: 'search'; request: SearchRequest }
  | { method: 'storedClasses' }
  | { method: 'list'; domain: Domain; cursor: string | undefined; byteLimit: number }

/** The answer to `findEncoded`: `read` is set where `nextPart` gives more. */
export interface FoundParts extends EncodedResult {
  read?: number
}

/** The answer of a worker that has as many long reads as it may. */
export const busy = 'busy'

/** The answer to `beginWalk`. */
export interface ScanStarted {
  read: number
  seq: number
}

/** The answer to `nextPart`, the part in an array as those of `findEncoded`. */
export interface NextPart {
  parts: [Part]
  final: boolean
}

/** What is asked of the one worker that writes to a workspace. */
export type WriteCall =
  | { method: 'open' }
  | { method: 'applySchema'; schema: StorageSchema }
  | { method: 'prefetch'; request: Prefetch }
  | {
      method: 'commit'
      absent: Absent | undefined
      entries: Row[]
      puts: Put[]
      removes: { domain: Domain; id: string }[]
    }
  | ({ method: 'upload' } & Upload)
  | { method: 'clean'; domain: Domain; ids: readonly string[] }
  | { method: 'catchUp' }

/** What both know: which file is meant, and that it is no longer. */
export type HandleCall = { method: 'attach'; attachment: Attachment } | { method: 'release' }

export type Call = ReadCall | WriteCall | HandleCall

export interface Attachment {
  file: string
  schema: StorageSchema
}

/** Requests travel in arrays: what was asked for in one turn of the event loop, or until a commit was. */
export interface Request {
  id: number
  /** The number of the workspace within its storage. */
  workspace: number
  call: Call
}

export type Reply = { id: number; value: unknown } | { id: number; failure: Failure }

export interface WorkerOptions {
  role: 'writer' | 'reader'
  maxOpenFiles: number
  maxPages?: number | undefined
  /** Reads at once that go on over several requests. */
  maxLongReads: number
  port: MessagePort
  /** Counts the messages sent to the worker, and by it: one knows of a message before the event loop brings it. */
  sent: Int32Array
}

/** The answer to `open`. */
export interface Opened {
  epoch: string
  lastSeq: number
  schema: StorageSchema
}
