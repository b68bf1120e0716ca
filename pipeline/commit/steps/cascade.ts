import type { AttachedDoc, Doc, Unchecked } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core, domains } from '../../../model/identifiers.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import { isDeclaration } from '../../../model/workspace-model.ts'
import { parentDomain } from '../attachments.ts'
import type { AppliedChange, ChangeStep, ChangeHandler, Work } from '../commit-step.ts'
import { plainPlan } from '../../shared/plain-plan.ts'
import { contentPlans } from '../space-contents.ts'
import { derivedFrom } from './derived.ts'
import type { Workspace } from '../../workspace/workspace.ts'

/** Maximum number of documents that are removed with a space. */
const MAX_CONTENTS = 10_000

/**
 * The removal of a document removes the documents attached to it, at every depth, the outermost first. The removal of
 * a class removes its attributes. The removal of a space that holds documents requires `cascade: true`.
 */
export const cascade: ChangeStep = (next, workspace) =>
  async function cascade(work, tx) {
    const outcome = await next(work, tx)
    const { change } = outcome
    if (change?.before === undefined || change.after !== undefined) return outcome
    const removal = { work, workspace, next, cause: change.tx }
    const contents = await contentsOf(work, workspace, change)
    for (const doc of contents) await remove(removal, doc)
    await removeAttached(removal, [change.before, ...contents])
    return outcome
  }

interface Removal {
  work: Work
  workspace: Workspace
  next: ChangeHandler
  cause: TxCUD
}

async function removeAttached(removal: Removal, removed: Doc[]): Promise<void> {
  for (let parents = removed; parents.length > 0;) {
    parents = await attachedTo(removal.work, parents)
    for (const doc of parents) await remove(removal, doc)
  }
}

/** Removes the document unless it is already removed. */
async function remove({ work, workspace, next, cause }: Removal, doc: Doc): Promise<void> {
  const { hierarchy } = work.state
  const domain = hierarchy.domainOf(doc._class)
  if (domain === undefined || (await work.state.get(domain, doc._id)) === undefined) return
  await next(work, derivedFrom(workspace, cause).remove(doc))
}

/**
 * The documents in a removed space.
 * @throws StatusError SpaceInUse without `cascade`, LimitReached if there are too many
 */
async function contentsOf(
  work: Work,
  { permissions }: Workspace,
  { before, tx }: AppliedChange,
): Promise<Doc[]> {
  const { hierarchy } = work.state
  if (before === undefined || !hierarchy.isDerived(before._class, core.class.Space)) return []
  if (!permissions.isSpace(domains.space, before)) return []
  const plans = contentPlans(hierarchy, before._id)
  let count = 0
  for (const plan of plans) count += await work.state.count(plan)
  if (count === 0) return []
  const isCascade: unknown = 'cascade' in tx && tx.cascade
  if (isCascade !== true) throw new StatusError('core:status:SpaceInUse', { _id: before._id, count })
  if (count > MAX_CONTENTS)
    throw new StatusError('platform:status:LimitReached', {
      limit: 'documents removed with a space',
      value: MAX_CONTENTS,
    })
  const found: Doc[] = []
  for (const plan of plans) for (const doc of await work.state.find(plan)) found.push(doc)
  return found
}

/** Compares the domain too: ids are unique only within a domain. */
async function attachedTo(work: Work, parents: Doc[]): Promise<Doc[]> {
  const { hierarchy } = work.state
  const parentKeys = new Set(parents.map(({ _id, _class }) => `${hierarchy.domainOf(_class) ?? ''}/${_id}`))
  const found = await attributesOf(work, parents)
  for (const plan of attachedPlans(
    hierarchy,
    parents.map(({ _id }) => _id),
  )) {
    for (const doc of await work.state.find(plan)) {
      const item: Unchecked<AttachedDoc> = doc
      const domain = parentDomain(hierarchy, item) ?? ''
      if (parentKeys.has(`${domain}/${String(item.attachedTo)}`)) found.push(doc)
    }
  }
  return found
}

/** The attributes of removed classes. Not all are attached to their class, as older clients did. */
async function attributesOf(work: Work, parents: Doc[]): Promise<Doc[]> {
  const classes = parents.filter(isDeclaration).map(({ _id }) => _id)
  if (classes.length === 0) return []
  const plan = plainPlan(domains.model, {
    op: 'all-of',
    conditions: [
      { op: 'in', path: ['attributeOf'], values: classes },
      { op: 'eq', path: ['_class'], value: core.class.Attribute },
    ],
  })
  return [...(await work.state.find(plan))]
}

/** One plan for each domain that contains attached documents. */
function attachedPlans(hierarchy: Hierarchy, ids: string[]): FindPlan[] {
  const classes = new Map<string, string[]>()
  for (const _class of hierarchy.descendants(core.class.AttachedDoc)) {
    const domain = hierarchy.domainOf(_class)
    if (domain === undefined) continue
    const known = classes.get(domain)
    if (known === undefined) classes.set(domain, [_class])
    else known.push(_class)
  }
  return [...classes].map(([domain, values]) =>
    plainPlan(domain, {
      op: 'all-of',
      conditions: [
        { op: 'in', path: ['attachedTo'], values: ids },
        { op: 'in', path: ['_class'], values },
      ],
    }),
  )
}
