import type { Doc } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core } from '../../../model/identifiers.ts'
import { planFind } from '../../../model/query/plan-find.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import type { CommitStep, Work } from '../commit-step.ts'
import { derivedFrom } from './derived.ts'

/** Removing a document removes what is attached to it, at every depth, the outermost first. */
export const cascade: CommitStep = (next, workspace) =>
  async function cascade(work, tx) {
    const outcome = await next(work, tx)
    const { change } = outcome
    if (change?.before === undefined || change.after !== undefined) return outcome
    let parents: Doc[] = [change.before]
    while (parents.length > 0) {
      const attached = await attachedTo(work, parents)
      for (const doc of attached) await next(work, derivedFrom(workspace, change.tx).remove(doc))
      parents = attached
    }
    return outcome
  }

async function attachedTo(work: Work, parents: Doc[]): Promise<Doc[]> {
  const ids = parents.map(({ _id }) => _id)
  const found: Doc[] = []
  for (const plan of attachedPlans(work.state.hierarchy, ids)) found.push(...(await work.state.find(plan)))
  return found
}

/** One query for each domain that keeps attached documents. */
function attachedPlans(hierarchy: Hierarchy, ids: string[]): FindPlan[] {
  const plans = new Map<string, FindPlan>()
  for (const _class of hierarchy.descendants(core.class.AttachedDoc)) {
    const domain = hierarchy.domainOf(_class)
    if (domain === undefined || plans.has(domain)) continue
    const plan = planFind(hierarchy, _class, {}, {})
    plans.set(domain, { ...plan, condition: { op: 'in', path: ['attachedTo'], values: ids } })
  }
  return [...plans.values()]
}
