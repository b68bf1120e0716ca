import type { Doc } from '../../../model/documents.ts'
import { domains } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import { estimatedSize } from '../../shared/estimated-size.ts'
import { tooLarge } from '../../shared/too-large.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { ChangeStep } from '../commit-step.ts'

/**
 * Transient documents are in memory, so their size is bounded: that of each, of those that an account created, and of
 * all in the workspace. The system is exempt: it keeps the online status of people.
 */
export const limitTransient: ChangeStep = (next, workspace) =>
  async function limitTransient(work, tx) {
    const outcome = await next(work, tx)
    const { before, after } = outcome.change ?? {}
    if (after === undefined || work.caller.system) return outcome
    if (work.state.hierarchy.domainOf(after._class) === domains.transient) check(workspace, { before, after })
    return outcome
  }

/** Documents of the current group do not count yet: the limits are passed by a group at most. */
function check(
  { limits, transient }: Workspace,
  { before, after }: { before: Doc | undefined; after: Doc },
): void {
  const size = estimatedSize(after)
  const added = size - (before === undefined ? 0 : estimatedSize(before))
  const { maxTransientDocument, maxTransientAccount, maxTransientWorkspace } = limits
  if (size > maxTransientDocument) throw tooLarge(size, maxTransientDocument, after._id)
  // A document that shrinks is taken whatever there is.
  if (added <= 0) return
  if (transient.bytesOf(after.createdBy) + added > maxTransientAccount)
    throw reached('bytes of transient documents of an account', maxTransientAccount)
  if (transient.bytes + added > maxTransientWorkspace)
    throw reached('bytes of transient documents of a workspace', maxTransientWorkspace)
}

function reached(limit: string, value: number): StatusError {
  return new StatusError('platform:status:LimitReached', { limit, value })
}
