import type { CommitQueue } from '../commit/commit-queue.ts'
import { everybody } from '../push/account-set.ts'
import { readSpaces } from '../permissions/read-spaces.ts'
import { securityPush } from '../workspace/security-events.ts'
import type { RestoreMark } from './restore-mark.ts'
import { RestoredDocuments } from './restored-documents.ts'
import { Restoring, type RestoringParts } from './restoring.ts'
import type { AsyncTriggers } from '../triggers/async-triggers.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { WorkspaceListener } from '../push/workspace-listener.ts'

export function openRestoring(
  listener: WorkspaceListener,
  workspace: Workspace,
  options: { queue: CommitQueue; triggers: AsyncTriggers; mark: RestoreMark | undefined },
): Restoring {
  const { clock, lastSeq, model, permissions, storage } = workspace
  const { queue, triggers, mark } = options
  const changed: RestoringParts['changed'] = async (noted, docs) => {
    queue.forgetDocuments()
    try {
      await readSpaces(storage, model, permissions)
    } finally {
      noted.take(docs)
      tell(listener, workspace, noted)
    }
  }
  return new Restoring({
    storage,
    triggers,
    idle: () => queue.idle(),
    noted: (domain) => new RestoredDocuments(domain, workspace),
    changed,
    mark,
    lastSeq,
    now: clock.now,
  })
}

function tell(listener: WorkspaceListener, workspace: Workspace, noted: RestoredDocuments): void {
  listener.indexed?.(noted.indexed)
  listener.restored?.(noted.changed)
  // Every account may see other documents now.
  if (noted.hasSpaces) listener.committed([securityPush(workspace, everybody)])
}
