import type { FairSlots } from '../../pipeline/shared/fair-slots.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Turns } from '../../pipeline/shared/turns.ts'
import type { CallHandler, RequestMetrics } from '../requests/call.ts'
import type { RequestRates } from '../requests/request-rates.ts'
import type { Cancel } from '../time/timer-wheel.ts'
import type { OutboxFlusher } from '../wire/outbox.ts'
import type { EarlyBudget } from './early-messages.ts'
import type { SessionLimits } from './limits.ts'

/** The kinds of frames to a client. */
export type SentKind = 'response' | 'error' | 'push' | 'signal'

/** The metrics of sessions. */
export interface SessionMetrics extends RequestMetrics {
  connected: () => void
  verifiedToken: (seconds: number) => void
  received: (type: 'text' | 'binary', bytes: number) => void
  sent: (kind: SentKind, bytes: number) => void
  dropped: () => void
  closed: (code: number) => void
}

/** Parts that all sessions of a server share. */
export interface SessionServices {
  flusher: OutboxFlusher
  /** Shares the event loop among workspaces and sessions. */
  turns: Turns
  /** Sessions that read what they missed. */
  resumes: FairSlots
  limits: SessionLimits
  earlyBudget: EarlyBudget
  rates: RequestRates
  /** Counts and logs that a limit refused something. */
  limitHit: (limit: string, fields: object) => void
  schedule: (milliseconds: number, task: () => void) => Cancel
  logger: Logger
  metrics: SessionMetrics
  /** The request chain. */
  handle: CallHandler
  /** Milliseconds since the epoch. */
  now: () => number
  /** Milliseconds of the server's monotonic clock. */
  monotonic: () => number
}
