import type { AttachedDoc, Doc } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import type { Workspace } from '../../workspace.ts'
import type { CommitStep, StepHandler, Work } from '../commit-step.ts'
import { derivedFrom } from './derived.ts'

/** Whoever is attached to, moved between or taken from a collection moves the parent's counter. */
export const counters: CommitStep = (next, workspace) =>
  async function counters(work, tx) {
    const placed = tx._class === core.class.TxCollectionCUD ? await withParent(work, tx as TxCUD) : tx
    const outcome = await next(work, placed)
    if (outcome.change === undefined) return outcome
    const { before, after } = outcome.change
    const [from, to] = [attachment(before), attachment(after)]
    if (from?.attachedTo === to?.attachedTo && from?.collection === to?.collection) return outcome
    const count = { work, workspace, next, cause: outcome.change.tx }
    if (from !== undefined) await move(count, from, -1)
    if (to !== undefined) await move(count, to, 1)
    return outcome
  }

/** The transaction, naming the space its parent is in: permissions to read the log go by it. */
async function withParent(work: Work, tx: TxCUD): Promise<TxCUD> {
  const domain = work.state.hierarchy.domainOf(tx.objectClass)
  const parent = domain === undefined ? undefined : await work.state.get(domain, tx.objectId)
  if (parent === undefined) throw new StatusError('core:status:ObjectNotFound', { _id: tx.objectId })
  return parent.space === tx.objectSpace ? tx : { ...tx, objectSpace: parent.space }
}

interface Count {
  work: Work
  workspace: Workspace
  next: StepHandler
  cause: TxCUD
}

async function move({ work, workspace, next, cause }: Count, child: AttachedDoc, by: 1 | -1): Promise<void> {
  const { hierarchy } = work.state
  const known = hierarchy.findClass(child.attachedToClass) !== undefined
  const domain = known ? hierarchy.domainOf(child.attachedToClass) : undefined
  const parent = domain === undefined ? undefined : await work.state.get(domain, child.attachedTo)
  if (parent === undefined) return
  await next(work, derivedFrom(workspace, cause).update(parent, { $inc: { [child.collection]: by } }))
}

function attachment(doc: Doc | undefined): AttachedDoc | undefined {
  if (doc === undefined) return undefined
  const { attachedTo, attachedToClass, collection } = doc as AttachedDoc
  const isAttached = [attachedTo, attachedToClass, collection].every((field) => typeof field === 'string')
  return isAttached ? (doc as AttachedDoc) : undefined
}
