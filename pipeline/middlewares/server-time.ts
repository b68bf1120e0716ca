import { mapSigned } from '../signed-transactions.ts'
import type { Middleware } from '../middleware.ts'

/** The server's clock tells when; only the system may bring a time of its own (an import). */
export const serverTime: Middleware = (next, { clock }) => ({
  tx: async function serverTime(caller, tx) {
    const now = clock.now()
    const timed = mapSigned(tx, (each) => ({
      ...each,
      modifiedOn: caller.system && Number.isFinite(each.modifiedOn) ? each.modifiedOn : now,
      ...('createdOn' in each && !caller.system ? { createdOn: now } : {}),
    }))
    return await next.tx(caller, timed)
  },
})
