import type { Logger } from '../../pipeline/shared/logger.ts'
import type { SessionLimits } from './limits.ts'
import type { OutboxFlusher } from '../wire/outbox.ts'
import type { RequestWatch } from '../requests/slow-request-log.ts'

/** What a frame to a client is. */
export type SentKind = 'answer' | 'error' | 'push' | 'signal'

/** What sessions count. */
export interface SessionMetrics {
  connected: () => void
  verifiedToken: (seconds: number) => void
  received: (type: 'text' | 'binary', bytes: number) => void
  answered: (method: string, seconds: number) => void
  failed: () => void
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
  watch: RequestWatch
  /** Milliseconds since the epoch. */
  now: () => number
  /** Milliseconds of the server's own time, which never goes back. */
  monotonic: () => number
  /** The same of the machine, for what is measured. */
  performanceNow: () => number
}
