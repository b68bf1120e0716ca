import { checkDepth } from '../../../model/check-depth.ts'
import { checkUpdates } from '../../../model/check-updates.ts'
import type { Doc } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { innerChange } from '../../../model/inner-change.ts'
import type { TxCreateDoc, TxCUD, TxDirectChange } from '../../../model/transactions.ts'
import { validateMixin } from '../../../model/mixin-values.ts'
import { validateCreate, validateUpdate } from '../../../model/validate-document.ts'
import { checkParts } from '../attachments.ts'
import type { ChangeStep } from '../commit-step.ts'

/**
 * Checks the class, required attributes, types, and the depth of updates. Fills in defaults, so that the log is
 * complete. An update is checked by the document that it results in.
 */
export const validate: ChangeStep = (next) =>
  async function validate(work, tx) {
    const { hierarchy } = work.state
    hierarchy.getClass(tx.objectClass)
    if (tx._class === 'core:class:TxCreateDoc') checkParts(tx)
    checkUpdates(tx)
    const outcome = await next(work, checkBefore(hierarchy, tx))
    checkDepth(tx)
    if (outcome.change?.after !== undefined) checkAfter(hierarchy, innerChange(tx), outcome.change.after)
    return outcome
  }

function checkBefore(hierarchy: Hierarchy, tx: TxCUD): TxCUD {
  if (tx._class !== 'core:class:TxCollectionCUD') return checkCreation(hierarchy, tx)
  return { ...tx, tx: checkCreation(hierarchy, tx.tx) }
}

function checkCreation<T extends TxDirectChange>(hierarchy: Hierarchy, tx: T): T | TxCreateDoc {
  return tx._class === 'core:class:TxCreateDoc' ? validateCreate(hierarchy, tx) : tx
}

function checkAfter(hierarchy: Hierarchy, tx: TxCUD, after: Doc): void {
  if (tx._class === 'core:class:TxUpdateDoc') validateUpdate(hierarchy, tx, after)
  if (tx._class === 'core:class:TxMixin') validateMixin(hierarchy, tx, after)
}
