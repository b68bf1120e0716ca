import { checkDepth } from '../../../model/check-depth.ts'
import type { Doc } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core } from '../../../model/identifiers.ts'
import type {
  TxCollectionCUD,
  TxCreateDoc,
  TxCUD,
  TxMixin,
  TxUpdateDoc,
} from '../../../model/transactions.ts'
import { validateMixin } from '../../../model/mixin-values.ts'
import { validateCreate, validateUpdate } from '../../../model/validate-document.ts'
import { checkParts } from '../attachments.ts'
import type { CommitStep } from '../commit-step.ts'

/**
 * The class, its required attributes and their types, and how deep an update makes its document. Defaults are filled in, so
 * that the log tells all; an update is checked by what it made of the document.
 */
export const validate: CommitStep = (next) =>
  async function validate(work, tx) {
    const { hierarchy } = work.state
    const change = tx as TxCUD
    hierarchy.getClass(change.objectClass)
    if (change._class === core.class.TxCreateDoc) checkParts(change as TxCreateDoc)
    const outcome = await next(work, checkBefore(hierarchy, change))
    checkDepth(change)
    if (outcome.change?.after !== undefined) checkAfter(hierarchy, change, outcome.change.after)
    return outcome
  }

function checkBefore(hierarchy: Hierarchy, tx: TxCUD): TxCUD {
  if (tx._class === core.class.TxCreateDoc) return validateCreate(hierarchy, tx as TxCreateDoc)
  if (tx._class !== core.class.TxCollectionCUD) return tx
  const { tx: inner } = tx as TxCollectionCUD
  return { ...tx, tx: checkBefore(hierarchy, inner) } as TxCollectionCUD
}

function checkAfter(hierarchy: Hierarchy, tx: TxCUD, after: Doc): void {
  if (tx._class === core.class.TxCollectionCUD) checkAfter(hierarchy, (tx as TxCollectionCUD).tx, after)
  if (tx._class === core.class.TxUpdateDoc) validateUpdate(hierarchy, tx as TxUpdateDoc, after)
  if (tx._class === core.class.TxMixin) validateMixin(hierarchy, tx as TxMixin, after)
}
