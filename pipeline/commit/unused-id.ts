import { domains } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import type { AppliedChange, Work } from './commit-step.ts'
import { contentPlans } from './space-contents.ts'

/**
 * The id of a new space, or of something new that is declared, is one that nothing ever had: the log is read by who sees
 * a space now, and by what a class is now, so that what was hidden under a former one would be seen. The log is asked by
 * `objectId` only, which has an index: whatever people put into a space was put there after the space was created.
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
