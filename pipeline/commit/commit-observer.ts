import type { Push } from '../push/push.ts'
import type { CommitBatch, LogEntry } from '../../storage/contract.ts'

export interface CommitObserver {
  /** What became durable, before the answers are on their way; tells what else is to be pushed. */
  changed: (batch: CommitBatch) => Push[]
  /** What turned out to be in the log after all, as it is to be pushed. */
  recovered: (entries: LogEntry[]) => Promise<Push[]>
  /** Called once the answers are on their way, in the order of the log. */
  committed: (pushes: Push[]) => void
  /** Model transactions became durable. */
  modelChanged: () => Promise<void>
  /** Storage refused a group. */
  failed: (error: unknown) => void
}
