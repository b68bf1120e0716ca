import { targetOf } from '../../model/apply-transaction.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { TooLargeError } from '../../storage/shared/too-large.ts'
import type { Group } from './staging.ts'

/**
 * Gives those requests of a group that may be what was too large groups of their own, the next time: all of them where
 * storage does not say which. Tells whether there were others with them.
 */
export function partFrom({ staged, state }: Group, error: unknown): boolean {
  if (staged.length < 2) return false
  const named = error instanceof TooLargeError ? requestsOf(error, state.entries) : new Set<string>()
  const suspects = staged.filter(({ waiting }) => named.has(waiting.tx._id))
  for (const { waiting } of suspects.length > 0 ? suspects : staged) waiting.isAlone = true
  return true
}

/** Those that made entries which are too large, and those that changed documents which are. */
function requestsOf(
  { requests, documents }: TooLargeError,
  entries: readonly { tx: TxCUD; request: string }[],
): Set<string> {
  const named = new Set(requests)
  const ids = new Set(documents)
  for (const { tx, request } of entries) {
    if (ids.has(targetOf(tx)._id)) named.add(request)
  }
  return named
}
