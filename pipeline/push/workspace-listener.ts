import type { Affected } from './affected.ts'
import type { Push } from './push.ts'

/** Receives the events of a workspace. */
export interface WorkspaceListener {
  /** Committed transactions in the order of the log, after the responses to their senders. */
  committed: (pushes: Push[]) => void
  /** The number of entries that one durable commit appended to the log. */
  logged?: (entries: number) => void
  /** Classes whose documents entered the full-text index, once a search finds them. */
  indexed?: (found: Affected[]) => void
  /**
   * Classes whose documents were restored or removed without the log. Call {@link Restoring.announced} after clients
   * were told.
   */
  restored?: (found: Affected[]) => void
}
