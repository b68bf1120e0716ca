import { invalidTransaction } from './invalid-transaction.ts'
import { isFields } from './json-value.ts'
import type { TxCUD } from './transactions.ts'

/**
 * Maximum number of paths and operands in an update. Each copies the array that it changes, so that many of them over
 * a long array take their product.
 */
export const MAX_UPDATE_STEPS = 200

/**
 * Rejects an update of too many steps. Plain fields of the document itself are no steps. Applies to new transactions
 * only: older logs may contain such updates.
 * @throws StatusError `core:status:InvalidTransaction` with the limit
 */
export function checkUpdates(tx: TxCUD): void {
  const steps = stepsOf(tx)
  if (steps > MAX_UPDATE_STEPS)
    throw invalidTransaction('too many paths and operands', { limit: MAX_UPDATE_STEPS })
}

function stepsOf(tx: TxCUD): number {
  switch (tx._class) {
    case 'core:class:TxCollectionCUD':
      return stepsOf(tx.tx)
    case 'core:class:TxUpdateDoc':
      return stepsIn(tx.operations)
    case 'core:class:TxMixin':
      return stepsIn(tx.attributes)
    default:
      return 0
  }
}

function stepsIn(operations: object): number {
  let steps = 0
  for (const [key, operand] of Object.entries(operations)) {
    if (key === '$pushMixin') steps += sizeOf(isFields(operand) ? operand['values'] : undefined)
    else if (key.startsWith('$')) steps += sizeOf(operand)
    else if (key.includes('.')) steps += 1
  }
  return steps
}

function sizeOf(operand: unknown): number {
  return isFields(operand) ? Object.keys(operand).length : 1
}
