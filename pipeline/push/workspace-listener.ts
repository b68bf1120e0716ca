import type { Affected } from './affected.ts'
import type { Push } from './push.ts'

/** Who is told of what happens to a workspace. */
export interface WorkspaceListener {
  /** Gets what was committed, in the order of the log, after the senders' answers. */
  committed: (pushes: Push[]) => void
  /** Gets how many entries one durable commit put into the log. */
  logged?: (entries: number) => void
  /** Gets what came into the full-text index, as soon as a search finds it. */
  indexed?: (found: Affected[]) => void
  /** Gets what was put back or taken away past the log. Calls {@link Restoring.announced} once clients are told of it. */
  restored?: (found: Affected[]) => void
}
