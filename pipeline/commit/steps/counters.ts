import type { AttachedDoc } from '../../../model/documents.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import {
  attachmentOf,
  checkAttachment,
  checkMoved,
  parentDomain,
  PARTS,
  visibleParent,
} from '../attachments.ts'
import { collectionOf } from '../counter-fields.ts'
import type { ChangeStep, ChangeHandler, Work } from '../commit-step.ts'
import { derivedFrom } from './derived.ts'

/**
 * Checks attachments, and updates the counter of a collection when a document is attached to it, moved between
 * collections, or removed from it.
 */
export const counters: ChangeStep = (next, workspace) =>
  async function counters(work, tx) {
    const placed = tx._class === 'core:class:TxCollectionCUD' ? await withParent(work, workspace, tx) : tx
    const outcome = await next(work, placed)
    if (outcome.change === undefined) return outcome
    const { hierarchy } = work.state
    const { before, after } = outcome.change
    const [from, to] = [attachmentOf(hierarchy, before), attachmentOf(hierarchy, after)]
    if (isSame(from, to)) {
      if (to !== undefined && from?.space !== to.space) await checkMoved(work, workspace.permissions, to)
      return outcome
    }
    if (to !== undefined) await checkAttachment(work, workspace.permissions, to)
    const count = { work, workspace, next, cause: outcome.change.tx }
    if (from !== undefined) await move(count, from, -1)
    if (to !== undefined) await move(count, to, 1)
    return outcome
  }

/** Whether both are in the same collection of the same parent. */
function isSame(from: AttachedDoc | undefined, to: AttachedDoc | undefined): boolean {
  if (from === undefined || to === undefined) return from === to
  return PARTS.every((part) => from[part] === to[part])
}

/** The transaction with the space of its parent. */
async function withParent(work: Work, { permissions }: Workspace, tx: TxCUD): Promise<TxCUD> {
  const { space } = await visibleParent(work, permissions, { _class: tx.objectClass, _id: tx.objectId })
  return space === tx.objectSpace ? tx : { ...tx, objectSpace: space }
}

interface Count {
  work: Work
  workspace: Workspace
  next: ChangeHandler
  cause: TxCUD
}

/** A document that only its creator sees is not counted: the counter would reveal it. */
async function move({ work, workspace, next, cause }: Count, child: AttachedDoc, by: 1 | -1): Promise<void> {
  const { hierarchy } = work.state
  if (hierarchy.creatorsOnly().has(child._class)) return
  const domain = parentDomain(hierarchy, child)
  const parent = domain === undefined ? undefined : await work.state.get(domain, child.attachedTo)
  if (parent === undefined) return
  const counter =
    collectionOf(hierarchy, child.attachedToClass, child.collection) ??
    (hierarchy.findClass(parent._class) && collectionOf(hierarchy, parent._class, child.collection))
  if (counter === undefined) return
  const field = hierarchy.pathOf(counter).join('.')
  await next(work, derivedFrom(workspace, cause, parent.modifiedOn).update(parent, { $inc: { [field]: by } }))
}
