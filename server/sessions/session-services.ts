import type { Logger } from '../../pipeline/workspace.ts'
import type { SessionLimits } from './limits.ts'
import type { OutboxFlusher } from './outbox.ts'
import type { RequestWatch } from './request-watch.ts'

/** What sessions count. */
export interface SessionMetrics {
  received: (bytes: number) => void
  answered: (method: string, seconds: number) => void
  failed: () => void
  delivered: () => void
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
  /** Milliseconds of a clock that only goes forward. */
  performanceNow: () => number
}
