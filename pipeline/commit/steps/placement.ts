import type { Doc } from '../../../model/documents.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import { notFound } from '../../permissions/role.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { attachmentOf } from '../attachments.ts'
import type { AppliedChange, ChangeStep, Work } from '../commit-step.ts'
import { StagedVisibility } from '../staged-visibility.ts'

/**
 * Documents of strict classes are in existing spaces, and attached documents of such classes have a parent.
 * `counters` checks for all classes that the parent exists.
 */
export const placement: ChangeStep = (next, workspace) =>
  async function placement(work, tx) {
    const outcome = await next(work, tx)
    if (outcome.change !== undefined) checkPlacement(work, workspace, outcome.change)
    return outcome
  }

/** @throws StatusError ObjectNotFound for a space, MissingAttribute for a parent */
function checkPlacement(work: Work, { permissions }: Workspace, { before, after }: AppliedChange): void {
  const { hierarchy } = work.state
  if (after === undefined || !hierarchy.isStrict(after._class)) return
  const isMoved = before === undefined || before.space !== after.space
  if (isMoved && !new StagedVisibility(work, permissions).hasSpace(after.space)) throw notFound(after.space)
  const isAttached = hierarchy.isDerived(after._class, core.class.AttachedDoc)
  // Documents of the model refer to each other without collections.
  if (!isAttached || hierarchy.domainOf(after._class) === domains.model) return
  if (attachmentOf(hierarchy, after) !== undefined || isLoose(before)) return
  throw new StatusError('core:status:MissingAttribute', { _class: after._class, attribute: 'attachedTo' })
}

/** The document had no parent before: its class was not strict then. */
function isLoose(before: Doc | undefined): boolean {
  return before !== undefined && !('attachedTo' in before && typeof before.attachedTo === 'string')
}
