import type { OutboxLimits } from './outbox.ts'

/** Every bound a session keeps; each is an option of the configuration. */
export interface SessionLimits {
  /** Messages kept before the session is open; one more closes it. */
  maxEarly: number
  /** Requests that run at once; more wait, and the socket is not read meanwhile. */
  maxConcurrent: number
  chunkCount: number
  chunkBytes: number
  outbox: OutboxLimits
}
