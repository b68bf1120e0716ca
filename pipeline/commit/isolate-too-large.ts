import { targetOf } from '../../model/apply-transaction.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { TooLargeError } from '../../storage/shared/too-large.ts'
import type { Group } from './staging.ts'

/**
 * After a group was too large: marks the requests that may be the cause, each of which then gets a group of its own.
 * If storage does not name them, all are marked. Returns whether the group has more than one request.
 */
export function isolateTooLarge({ staged, state }: Group, error: unknown): boolean {
  if (staged.length < 2) return false
  const named = error instanceof TooLargeError ? requestsOf(error, state.entries) : new Set<string>()
  const suspects = staged.filter(({ waiting }) => named.has(waiting.tx._id))
  for (const { waiting } of suspects.length > 0 ? suspects : staged) waiting.isAlone = true
  return true
}

/** Requests whose entries are too large, and requests that changed a document that is too large. */
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
