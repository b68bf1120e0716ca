import { StatusError } from '../../../model/status.ts'
import type { Tx } from '../../../model/transactions.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { RequestStep, Work } from '../commit-step.ts'
import { asStoredResult, belongsTo, storedResult } from '../first-result.ts'
import { assertSameTransaction, reused } from '../same-transaction.ts'

/**
 * The `_id` of a transaction is its idempotency key: a transaction that is sent again gets the first result. A
 * different transaction with a known `_id` is an error.
 */
export const deduplicate: RequestStep = (next, workspace) =>
  async function deduplicate(work, tx) {
    const known = work.state.knownRequest(tx._id)
    if (known !== undefined) return { result: await firstResult(work, workspace, tx, known.result) }
    for (const { _id } of innerOf(tx)) refuseKnown(work, _id)
    const outcome = await next(work, tx)
    if (work.state.entries.at(-1)?.request === tx._id) remember(work, tx, outcome.result)
    return outcome
  }

/** @throws StatusError TransactionIdReused */
async function firstResult(work: Work, workspace: Workspace, tx: Tx, result: unknown): Promise<unknown> {
  const kept = asStoredResult(result)
  // The ids of system transactions are derived from their purpose.
  if (work.caller.system) return kept?.value ?? result ?? {}
  if (kept === undefined) await assertSameTransaction(work, workspace, tx)
  else if (!belongsTo(kept, tx)) throw reused(tx._id)
  return kept?.value ?? result ?? {}
}

/** Stores the result with the first log entry, unless it is `{}`. */
function remember({ caller, state }: Work, tx: Tx, result: unknown): void {
  if (hasContent(result)) {
    // The digest of a large transaction takes long, and nobody compares that of the system.
    state.keepResult(tx._id, caller.system ? result : storedResult(tx, result))
  } else state.remember(tx._id, result)
  for (const { _id } of innerOf(tx)) state.remember(_id, {})
}

function refuseKnown(work: Work, _id: string): void {
  if (work.state.knownRequest(_id) === undefined) return
  const message = `the transaction ${_id} was committed before`
  throw new StatusError('core:status:InvalidTransaction', { message })
}

function innerOf(tx: Tx): Tx[] {
  return tx._class === 'core:class:TxApplyIf' ? tx.txes : []
}

function hasContent(result: unknown): boolean {
  return typeof result === 'object' && result !== null && Object.keys(result).length > 0
}
