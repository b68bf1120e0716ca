import { checkSize } from '../shared/too-large.ts'
import type { Middleware } from '../workspace/middleware.ts'

/** A transaction that is too large does not wait for its commit. */
export const limitSize: Middleware = (next, { limits }) => ({
  tx: async function limitSize(caller, tx, terms) {
    checkSize(tx, limits.maxTransaction)
    return await next.tx(caller, tx, terms)
  },
})
