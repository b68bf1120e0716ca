import type { AttachedDoc, ClassId, Doc, Domain, Ref, Unchecked } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains } from '../../model/identifiers.ts'
import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCreateDoc } from '../../model/transactions.ts'
import { notFound } from '../permissions/role.ts'
import type { Permissions } from '../permissions/permissions.ts'
import { checkClass, storedDocument } from './claims.ts'
import { collectionOf } from './counter-fields.ts'
import type { Work } from './commit-step.ts'
import { StagedVisibility } from './staged-visibility.ts'

/** What names a place that documents are attached to. */
export const PARTS = ['attachedTo', 'attachedToClass', 'collection'] as const

/**
 * What a creation says of its parent itself is all of it, or nothing: a part would be lost.
 * @throws StatusError InvalidTransaction that names what is missing
 */
export function checkParts(tx: TxCreateDoc): void {
  const missing = PARTS.filter((part) => tx[part] === undefined)
  const [field] = missing
  if (field === undefined || missing.length === PARTS.length) return
  throw invalidTransaction(`attached in part, without ${missing.join(' and ')}`, { field })
}

/** What a document is attached to, where its class is one of attached documents. */
export function attachmentOf(hierarchy: Hierarchy, doc: Doc | undefined): AttachedDoc | undefined {
  if (doc === undefined || !hierarchy.isDerived(doc._class, core.class.AttachedDoc)) return undefined
  return isAttached(doc) && !isInModel(hierarchy, doc) ? doc : undefined
}

function isAttached(doc: Unchecked<AttachedDoc>): doc is AttachedDoc {
  return PARTS.every((part) => typeof doc[part] === 'string')
}

/** The domain of what a document is attached to; `undefined` where the model does not know its class. */
export function parentDomain(
  hierarchy: Hierarchy,
  { attachedToClass }: Pick<Unchecked<AttachedDoc>, 'attachedToClass'>,
): Domain | undefined {
  const isKnown = attachedToClass !== undefined && hierarchy.findClass(attachedToClass) !== undefined
  return isKnown ? hierarchy.domainOf(attachedToClass) : undefined
}

/**
 * What a document is attached to, or is to be, as the caller sees it.
 * @throws StatusError ObjectNotFound where it is not there or not seen
 */
export async function visibleParent(
  work: Work,
  permissions: Permissions,
  { _class, _id }: { _class: ClassId; _id: Ref },
): Promise<Doc> {
  const parent = new StagedVisibility(work, permissions).visible(await storedDocument(work, _class, _id))
  if (parent === undefined) throw notFound(_id)
  return parent
}

/**
 * Whether a document may be attached where it is: the parent is there and seen by the caller, its class declares the
 * collection, the collection takes the document's class, and the document is in the parent's space, or in the parent
 * where that is a space. It stays there when the parent moves later; when it moves itself, it moves to the parent.
 * @throws StatusError ObjectNotFound, ObjectClassMismatch, ObjectSpaceMismatch, InvalidTransaction
 */
export async function checkAttachment(
  work: Work,
  permissions: Permissions,
  item: AttachedDoc,
): Promise<void> {
  const { hierarchy } = work.state
  const { attachedTo, attachedToClass, collection } = item
  hierarchy.getClass(attachedToClass)
  const parent = await visibleParent(work, permissions, { _class: attachedToClass, _id: attachedTo })
  checkClass(hierarchy, parent, attachedToClass)
  const declared =
    collectionOf(hierarchy, attachedToClass, collection) ?? collectionOf(hierarchy, parent._class, collection)
  if (declared === undefined)
    throw invalidTransaction('no such collection', { _class: parent._class, field: collection })
  const { itemClass } = declared.type
  if (itemClass !== undefined && !hierarchy.isDerived(item._class, hierarchy.baseClass(itemClass)))
    throw invalidTransaction('a collection of another class', {
      _class: item._class,
      field: collection,
      expected: itemClass,
    })
  checkSpace(hierarchy, item, parent)
}

/**
 * Whether an attached document may be moved to where it is now, without another parent.
 * @throws StatusError ObjectNotFound for a parent that is not there or not seen, ObjectSpaceMismatch
 */
export async function checkMoved(work: Work, permissions: Permissions, item: AttachedDoc): Promise<void> {
  const { hierarchy } = work.state
  const { _class, attachedTo, attachedToClass } = item
  if (hierarchy.creatorsOnly().has(_class) || hierarchy.findClass(attachedToClass) === undefined) return
  const parent = await visibleParent(work, permissions, { _class: attachedToClass, _id: attachedTo })
  checkSpace(hierarchy, item, parent)
}

/** What is for its creator alone may be anywhere: who sees the parent does not see it for that. */
function checkSpace(hierarchy: Hierarchy, { _id, _class, space }: Doc, parent: Doc): void {
  const isSpace = hierarchy.isDerived(parent._class, core.class.Space)
  if (space === parent.space || (isSpace && space === parent._id)) return
  if (hierarchy.creatorsOnly().has(_class)) return
  const expected = isSpace ? parent._id : parent.space
  throw new StatusError('core:status:ObjectSpaceMismatch', { _id, space, expected })
}

/** The model's own documents refer to each other without collections that count. */
function isInModel(hierarchy: Hierarchy, { _class }: Doc): boolean {
  return hierarchy.domainOf(_class) === domains.model
}
