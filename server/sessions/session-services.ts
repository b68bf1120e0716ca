import type { Logger } from '../../pipeline/shared/logger.ts'
import type { CallHandler, RequestMetrics } from '../requests/call.ts'
import type { OutboxFlusher } from '../wire/outbox.ts'
import type { SessionLimits } from './limits.ts'

/** What a frame to a client is. */
export type SentKind = 'response' | 'error' | 'push' | 'signal'

/** What sessions count. */
export interface SessionMetrics extends RequestMetrics {
  connected: () => void
  verifiedToken: (seconds: number) => void
  received: (type: 'text' | 'binary', bytes: number) => void
  sent: (kind: SentKind, bytes: number) => void
  dropped: () => void
  closed: (code: number) => void
}

/** What all sessions of a server share. */
export interface SessionServices {
  flusher: OutboxFlusher
  limits: SessionLimits
  logger: Logger
  metrics: SessionMetrics
  /** The request chain. */
  handle: CallHandler
  /** Milliseconds since the epoch. */
  now: () => number
  /** Milliseconds of the server's own time, which never goes back. */
  monotonic: () => number
}
