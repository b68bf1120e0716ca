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

/** A transaction with the class and the space that its document really has, and the stored document. */
export interface Resolved {
  tx: TxCUD
  before: Doc | undefined
}

/**
 * Checks the class, space and parent that a transaction names against the stored document. A document that the caller
 * does not see counts as absent.
 *
 * A wrong class is an error. An ancestor of the class or a mixin is replaced with the class, and the space with the
 * document's: existing clients send outdated ones, and no decision depends on them.
 * @returns `undefined` for the removal of an absent document, which has no effect
 * @throws StatusError ObjectNotFound, ObjectClassMismatch; InvalidTransaction for a wrong parent
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

/** The document with the changes of this group, from the domain of the class. */
export async function storedDocument({ state }: Work, _class: ClassId, id: Ref): Promise<Doc | undefined> {
  const domain = state.hierarchy.domainOf(_class)
  // Transactions do not change log entries.
  if (domain === undefined || domain === domains.tx) return undefined
  const known = state.peek(domain, id)
  return known === undefined ? await state.get(domain, id) : known.doc
}

/**
 * @throws StatusError ObjectClassMismatch unless `_class` is the document's class, an ancestor of it, or a mixin on
 *   it
 */
export function checkClass(hierarchy: Hierarchy, doc: Doc, _class: ClassId): void {
  if (doc._class === _class || hierarchy.isDerived(doc._class, hierarchy.baseClass(_class))) return
  throw new StatusError('core:status:ObjectClassMismatch', { _id: doc._id, _class, expected: doc._class })
}

function checkAttachedTo(before: Unchecked<AttachedDoc>, { objectId, collection }: TxCollectionCUD): void {
  const { attachedTo, collection: stored } = before
  if (attachedTo === objectId && stored === collection) return
  throw invalidTransaction('the document is not in this collection of the parent', { _id: before._id })
}
