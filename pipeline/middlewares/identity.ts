import { StatusError } from '../../model/status.ts'
import { signed } from '../signed-transactions.ts'
import type { Caller } from '../caller.ts'
import type { Middleware } from '../middleware.ts'
import type { Tx } from '../../model/transactions.ts'

/** Nobody signs as another: `modifiedBy` and `createdBy` are the caller's account, any for the system. */
export const identity: Middleware = (next) => ({
  tx: async function identity(caller, tx) {
    for (const each of signed(tx)) check(caller, each)
    return await next.tx(caller, tx)
  },
})

function check(caller: Caller, tx: Tx): void {
  if (caller.system) return
  if (caller.account === '') throw new StatusError('platform:status:AccountNotFound', { email: caller.email })
  const { modifiedBy, createdBy = modifiedBy } = tx
  if (modifiedBy === caller.account && createdBy === caller.account) return
  const message = `modifiedBy must be ${caller.account}`
  throw new StatusError('platform:status:Forbidden', { message })
}
