import { StatusError } from '../../../model/status.ts'
import type { Tx } from '../../../model/transactions.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { RequestStep, Work } from '../commit-step.ts'
import { asKept, isOf, keptResult } from '../first-result.ts'
import { assertSentAgain, reused } from '../sent-again.ts'

/**
 * A transaction's `_id` is its idempotency key: sent again, it is answered with the first result. Another transaction
 * with a known `_id` is refused.
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
  const kept = asKept(result)
  // The system names its own transactions by what they are for.
  if (work.caller.system) return kept?.value ?? result ?? {}
  if (kept === undefined) await assertSentAgain(work, workspace, tx)
  else if (!isOf(kept, tx)) throw reused(tx._id)
  return kept?.value ?? result ?? {}
}

/** Keeps the result with the first log entry where it is more than `{}`. */
function remember({ state }: Work, tx: Tx, result: unknown): void {
  if (hasContent(result)) {
    state.keepResult(tx._id, keptResult(tx, result))
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
