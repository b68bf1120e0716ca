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

/** The fields that name the collection a document is attached to. */
export const PARTS = ['attachedTo', 'attachedToClass', 'collection'] as const

/**
 * A creation that names its parent itself has all of these fields or none: `applyTransaction` ignores a part of them.
 * @throws StatusError InvalidTransaction that names the missing fields
 */
export function checkParts(tx: TxCreateDoc): void {
  const missing = PARTS.filter((part) => tx[part] === undefined)
  const [field] = missing
  if (field === undefined || missing.length === PARTS.length) return
  throw invalidTransaction(`incomplete attachment without ${missing.join(' and ')}`, { field })
}

/** The attachment of a document whose class derives from AttachedDoc. */
export function attachmentOf(hierarchy: Hierarchy, doc: Doc | undefined): AttachedDoc | undefined {
  if (doc === undefined || !hierarchy.isDerived(doc._class, core.class.AttachedDoc)) return undefined
  return isAttached(doc) && !isInModel(hierarchy, doc) ? doc : undefined
}

function isAttached(doc: Unchecked<AttachedDoc>): doc is AttachedDoc {
  return PARTS.every((part) => typeof doc[part] === 'string')
}

/** The domain of the document's parent; `undefined` if the model does not contain the parent's class. */
export function parentDomain(
  hierarchy: Hierarchy,
  { attachedToClass }: Pick<Unchecked<AttachedDoc>, 'attachedToClass'>,
): Domain | undefined {
  const isKnown = attachedToClass !== undefined && hierarchy.findClass(attachedToClass) !== undefined
  return isKnown ? hierarchy.domainOf(attachedToClass) : undefined
}

/**
 * The parent of a document, if the caller sees it.
 * @throws StatusError ObjectNotFound if the parent does not exist or is not visible
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
 * Checks a new attachment. The caller sees the parent, the parent's class declares the collection, the collection
 * accepts the document's class, and the document is in the parent's space, or in the parent if that is a space.
 * Moving the parent later leaves the document where it is; moving the document requires the parent's space.
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
    throw invalidTransaction('the collection accepts another class', {
      _class: item._class,
      field: collection,
      expected: itemClass,
    })
  checkSpace(hierarchy, item, parent)
}

/**
 * Checks the new space of an attached document that keeps its parent.
 * @throws StatusError ObjectNotFound if the parent does not exist or is not visible, ObjectSpaceMismatch
 */
export async function checkMoved(work: Work, permissions: Permissions, item: AttachedDoc): Promise<void> {
  const { hierarchy } = work.state
  const { _class, attachedTo, attachedToClass } = item
  if (hierarchy.creatorsOnly().has(_class) || hierarchy.findClass(attachedToClass) === undefined) return
  const parent = await visibleParent(work, permissions, { _class: attachedToClass, _id: attachedTo })
  checkSpace(hierarchy, item, parent)
}

/** A document that only its creator sees may be in any space: readers of the parent do not see it anyway. */
function checkSpace(hierarchy: Hierarchy, { _id, _class, space }: Doc, parent: Doc): void {
  const isSpace = hierarchy.isDerived(parent._class, core.class.Space)
  if (space === parent.space || (isSpace && space === parent._id)) return
  if (hierarchy.creatorsOnly().has(_class)) return
  const expected = isSpace ? parent._id : parent.space
  throw new StatusError('core:status:ObjectSpaceMismatch', { _id, space, expected })
}

/** Documents of the model refer to each other without counted collections. */
function isInModel(hierarchy: Hierarchy, { _class }: Doc): boolean {
  return hierarchy.domainOf(_class) === domains.model
}
