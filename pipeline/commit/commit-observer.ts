import type { Push } from '../push/push.ts'
import type { CommitBatch, LogEntry } from '../../storage/contract.ts'

export interface CommitObserver {
  /** A batch is durable and its responses are not sent yet. Returns additional pushes. */
  changed: (batch: CommitBatch) => Push[]
  /** These entries are in the log, although their commit seemed to fail. Resolves with their pushes. */
  recovered: (entries: LogEntry[]) => Promise<Push[]>
  /** The responses of a commit are sent. Called in the order of the log. */
  committed: (pushes: Push[]) => void
  /** Model transactions are durable. */
  modelChanged: () => Promise<void>
  /** Storage rejected a group. */
  failed: (error: unknown) => void
}
