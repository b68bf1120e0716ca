import { generateId } from '../../model/generate-id.ts'
import { WorkspaceEvent } from '../../model/transactions.ts'
import type { Push } from '../../pipeline/push/push.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { ClassAnnouncements } from './class-announcements.ts'

/** What a workspace announces now and then: what clients have to ask for again. */
export class Announcements {
  /** What came into the full-text index. */
  readonly indexed: ClassAnnouncements
  /** What was put back or taken away past the log. */
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

  /** Forgets what was to be announced: nobody is there any more. */
  stop(): void {
    this.indexed.stop()
    this.restored.stop()
  }
}
