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
  /** A migration holds up the opening, and has come on. */
  migrating?: (stats: MigrationStats) => void
}

/** How far a migration has come. */
export interface MigrationStats {
  /** `module.name` */
  migration: string
  /** Documents that are left; 0 if they are not counted, as for a migration that changes documents as a whole. */
  toProcess: number
  /** All of them, those of earlier runs included. */
  total: number
  /** Milliseconds of this run so far. */
  elapsed: number
  /** Milliseconds that are left by the pace of this run; 0 if that is unknown. */
  eta: number
}
