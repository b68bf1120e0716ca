import type { StatusCode } from '../../model/status.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Request } from '../../protocol/messages.ts'
import type { PartLimits } from '../../storage/contract.ts'
import type { CallingSession, Measures, Method } from '../methods/method.ts'
import type { Frame } from '../wire/frame.ts'
import type { FrameFormat } from '../wire/frame-format.ts'
import type { FrameSource } from '../wire/frame-streams.ts'
import type { SessionRate } from './request-rates.ts'
import type { MethodSlots } from './method-slots.ts'
import type { RequestQueue } from './request-queue.ts'
import type { RunningCall, RunningCalls } from './running-calls.ts'
import type { RequestStatistics } from './request-statistics.ts'
import type { SlowRequestLog } from './slow-request-log.ts'

/** What the request chain needs to know of a session. */
export interface Requester extends CallingSession {
  readonly id: string
  readonly format: FrameFormat
  readonly statistics: RequestStatistics
  readonly measures: Measures
  readonly requests: RequestQueue
  /** Calls of module methods, and those that stream. */
  readonly methods: MethodSlots
  readonly streams: MethodSlots
  readonly calls: RunningCalls
  readonly rate: SessionRate
  /** Its socket is not read for so many milliseconds. */
  rest: (milliseconds: number) => void
  send: (frame: Frame, kind: 'response' | 'error') => void
  /** Sends the frames one after another, as fast as the client reads. Closes the source at its end, or with the session. */
  sendAll: (source: FrameSource) => void
  /** Resolves when the client has taken most of what was sent, or the session is over. */
  room: () => Promise<void>
}

/** One request of a session on its way through the chain. */
export interface Call {
  readonly request: Request
  readonly session: Requester
  readonly pipeline: Pipeline
  readonly caller: Caller
  /** Of its message. */
  readonly bytes: number
  /** Set by the admission of the method. */
  method?: Method
  /** Set for methods of modules. */
  running?: RunningCall
}

/** Returns the result, or a promise of it; above `respond`, nothing or a promise that settles after the last frame. */
export type CallHandler = (call: Call) => unknown

/** Wraps the rest of the chain. Called once for each server, so what it returns keeps nothing of one request. */
export type RequestLink = (next: CallHandler, parts: RequestParts) => CallHandler

/** What the links of a server share. */
export interface RequestParts {
  logger: Logger
  slowRequests: SlowRequestLog
  memory: { readonly isShort: boolean }
  /** Milliseconds of the machine's own time, for what is measured. */
  performanceNow: () => number
  metrics: RequestMetrics
  /** Counts and logs that a limit refused something. */
  limitHit: (limit: string, fields: object) => void
  /** Parts of a long response, smaller while the server is loaded. */
  chunk: () => PartLimits
  /** Bytes from which on a frame waits for the client to read, instead of in the outbox. */
  largeFrame: number
  findMethod: (name: string) => Method | undefined
}

export interface RequestMetrics {
  answered: (method: string, seconds: number) => void
  failed: (code: StatusCode) => void
  sent: (kind: 'response', bytes: number) => void
}
