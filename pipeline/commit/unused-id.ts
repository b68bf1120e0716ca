import { domains } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import type { AppliedChange, Work } from './commit-step.ts'
import { contentPlans } from './space-contents.ts'

/**
 * A new space or declaration needs an id that was never used. Visibility of log entries follows from the current
 * spaces and classes, so that a reused id would reveal entries of the former one. The log is searched by `objectId`
 * only, which has an index: documents enter a space after its creation.
 * @throws StatusError ObjectExists
 */
export async function checkUnused(
  { state }: Work,
  model: WorkspaceModel,
  { after, tx }: AppliedChange,
): Promise<void> {
  if (after === undefined) return
  const { _id } = after
  const used = new StatusError('core:status:ObjectExists', { _id })
  if (model.get(_id) !== undefined || state.names(_id, tx)) throw used
  const logged = plainPlan(domains.tx, { op: 'eq', path: ['objectId'], value: _id })
  const plans = [logged, ...contentPlans(state.hierarchy, _id)]
  for (const plan of plans) if ((await state.count(plan)) > 0) throw used
}
