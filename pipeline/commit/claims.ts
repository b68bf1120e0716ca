import type { AttachedDoc, ClassId, Doc, Ref, Unchecked } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { domains } from '../../model/identifiers.ts'
import { innerChange } from '../../model/inner-change.ts'
import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCollectionCUD, TxCUD } from '../../model/transactions.ts'
import { notFound } from '../permissions/role.ts'
import type { Work } from './commit-step.ts'
import type { StagedVisibility } from './staged-visibility.ts'

/** A transaction that says of its document what is stored, and that document. */
export interface Resolved {
  tx: TxCUD
  before: Doc | undefined
}

/**
 * Holds what a transaction says of its document against the stored one. What the caller does not see is not there.
 *
 * A class that the document does not have is refused. An ancestor of its class, or a mixin, is replaced by the class,
 * and the space by the one the document is in, as existing clients send what they knew of it and nothing depends on it.
 *
 * @returns `undefined` for the removal of what is not there, which has no effect
 * @throws StatusError ObjectNotFound, ObjectClassMismatch; InvalidTransaction for a parent that is not the document's
 */
export async function resolveClaims(
  work: Work,
  sight: StagedVisibility,
  tx: TxCUD,
): Promise<Resolved | undefined> {
  const change = innerChange(tx)
  if (change._class === 'core:class:TxCreateDoc') {
    if (!sight.seesSpace(change.objectSpace)) throw notFound(change.objectSpace)
    return { tx, before: undefined }
  }
  const { objectClass, objectId } = change
  const before = sight.visible(await storedDocument(work, objectClass, objectId))
  if (before === undefined) {
    if (change._class === 'core:class:TxRemoveDoc') return undefined
    throw notFound(objectId)
  }
  checkClass(work.state.hierarchy, before, objectClass)
  if (tx._class === 'core:class:TxCollectionCUD') checkAttachedTo(before, tx)
  const isTrue = objectClass === before._class && change.objectSpace === before.space
  if (isTrue) return { tx, before }
  const stored = { objectClass: before._class, objectSpace: before.space }
  if (tx._class !== 'core:class:TxCollectionCUD') return { tx: { ...tx, ...stored }, before }
  return { tx: { ...tx, tx: { ...tx.tx, ...stored } }, before }
}

/** The document of the class's domain, as the group leaves it. */
export async function storedDocument({ state }: Work, _class: ClassId, id: Ref): Promise<Doc | undefined> {
  const domain = state.hierarchy.domainOf(_class)
  // Entries of the log are no documents that transactions change.
  if (domain === undefined || domain === domains.tx) return undefined
  const known = state.peek(domain, id)
  return known === undefined ? await state.get(domain, id) : known.doc
}

/** @throws StatusError ObjectClassMismatch unless the class is the document's, an ancestor of it, or a mixin on it */
export function checkClass(hierarchy: Hierarchy, doc: Doc, _class: ClassId): void {
  if (doc._class === _class || hierarchy.isDerived(doc._class, hierarchy.baseClass(_class))) return
  throw new StatusError('core:status:ObjectClassMismatch', { _id: doc._id, _class, expected: doc._class })
}

function checkAttachedTo(before: Unchecked<AttachedDoc>, { objectId, collection }: TxCollectionCUD): void {
  const { attachedTo, collection: stored } = before
  if (attachedTo === objectId && stored === collection) return
  throw invalidTransaction('the document is not in this collection of the parent', { _id: before._id })
}
