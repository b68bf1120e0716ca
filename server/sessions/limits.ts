import type { PartLimits } from '../../storage/contract.ts'
import type { OutboxLimits } from '../wire/outbox.ts'

/** Every bound a session keeps; each is an option of the configuration. */
export interface SessionLimits {
  /** Messages and bytes kept before the session is open; one more closes it. */
  earlyMessages: number
  earlyBytes: number
  /** Requests that run at once; more wait, and the socket is not read meanwhile. */
  concurrentRequests: number
  /** Parts of a long answer, smaller while the server is loaded. */
  chunk: () => PartLimits
  /** Log entries read for a session that resumes; a client that missed more reloads. */
  resume: number
  outbox: OutboxLimits
}
