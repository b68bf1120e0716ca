import type { PartLimits } from '../../storage/contract.ts'
import type { OutboxLimits } from '../wire/outbox.ts'

/** The limits of a session; each is an option of the configuration. */
export interface SessionLimits {
  /** Messages and bytes that are kept before the session is open; one more closes it. */
  earlyMessages: number
  earlyBytes: number
  /** Requests that run at once; more of them wait, and the socket is not read meanwhile. */
  concurrentRequests: number
  /** Calls of module methods that run and that wait, and streams. */
  concurrentMethods: number
  waitingMethods: number
  concurrentStreams: number
  /** Parts of a long response, smaller while the server is loaded. */
  chunk: () => PartLimits
  /** Maximum log entries for a session that resumes; a client that missed more reloads. */
  resume: number
  outbox: OutboxLimits
}
