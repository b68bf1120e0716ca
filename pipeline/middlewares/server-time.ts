import { mapSigned } from '../signed-transactions.ts'
import type { Middleware } from '../middleware.ts'

/** The server's clock tells when; only the system may bring a time of its own (an import). */
export const serverTime: Middleware = (next, { clock }) => ({
  tx: async function serverTime(caller, tx) {
    const now = clock.now()
    const timed = mapSigned(tx, (each) => {
      const modifiedOn = caller.system && Number.isFinite(each.modifiedOn) ? each.modifiedOn : now
      const signed = { ...each, modifiedOn }
      if ('createdOn' in each && !caller.system) signed.createdOn = now
      return signed
    })
    return await next.tx(caller, timed)
  },
})
