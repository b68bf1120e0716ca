import { generateId } from '../../model/generate-id.ts'
import { WorkspaceEvent } from '../../model/transactions.ts'
import type { Push } from '../../pipeline/push/push.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { ClassAnnouncements } from './class-announcements.ts'

/** The announcements of a workspace: which classes clients have to query again. */
export class Announcements {
  /** Documents that entered the full-text index. */
  readonly indexed: ClassAnnouncements
  /** Documents that were restored or removed past the log. */
  readonly restored: ClassAnnouncements

  constructor(options: {
    wheel: TimerWheel
    now: () => number
    indexed: (pushes: Push[]) => void
    restored: (pushes: Push[]) => void
  }) {
    const { wheel, now, indexed, restored } = options
    const { IndexingUpdate, BulkUpdate } = WorkspaceEvent
    const sources = { wheel, now, generateId }
    this.indexed = new ClassAnnouncements({ ...sources, event: IndexingUpdate, announce: indexed })
    this.restored = new ClassAnnouncements({ ...sources, event: BulkUpdate, announce: restored })
  }

  /** Discards pending announcements: no session is left. */
  stop(): void {
    this.indexed.stop()
    this.restored.stop()
  }
}
