import type { Doc } from '../../../model/documents.ts'
import { jsonBytes, mostJsonBytes, tooLarge } from '../../shared/too-large.ts'
import type { ChangeStep, RequestStep } from '../commit-step.ts'

/** A request with all that it entails is pushed in one frame, so cascades and triggers count too. */
export const limitRequest: RequestStep = (next, { limits }) =>
  async function limitRequest(work, tx) {
    const { state } = work
    const before = state.entries.length
    const outcome = await next(work, tx)
    // A step may have committed the requests before.
    const first = state.entries.length < before ? 0 : before
    // The request itself was measured before it waited for its commit.
    if (state.entries.length - first < 2) return outcome
    let size = 0
    let most = 0
    const own = state.entries.slice(first)
    for (const entry of own) most += mostJsonBytes(entry.tx)
    if (most > limits.maxTransaction) for (const entry of own) size += jsonBytes(entry.tx)
    if (size > limits.maxTransaction) throw tooLarge(size, limits.maxTransaction, tx._id)
    return outcome
  }

/** Every document fits into a response. A document that grows is measured only when it may be beyond the limit. */
export const limitDocument: ChangeStep = (next, { limits }) => {
  /** Bytes that a document has at most. */
  const known = new WeakMap<Doc, number>()
  return async function limitDocument(work, tx) {
    const outcome = await next(work, tx)
    const { before, after } = outcome.change ?? {}
    if (after === undefined) return outcome
    const most = before === undefined ? undefined : known.get(before)
    let size = most === undefined ? mostJsonBytes(after) : most + mostJsonBytes(tx)
    if (size > limits.maxTransaction) {
      size = jsonBytes(after)
      // A document that was restored may be larger, and can be made smaller.
      const isLarger = before === undefined || size >= jsonBytes(before)
      if (size > limits.maxTransaction && isLarger) throw tooLarge(size, limits.maxTransaction, after._id)
    }
    known.set(after, size)
    return outcome
  }
}
