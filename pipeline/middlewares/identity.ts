import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import { forbidden } from '../permissions/role.ts'
import { signed } from '../shared/signed-transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { Middleware } from '../workspace/middleware.ts'
import type { Tx } from '../../model/transactions.ts'

/** `modifiedBy` and `createdBy` are the caller's account. The system may use any account. */
export const identity: Middleware = (next) => ({
  tx: async function identity(caller, tx, terms) {
    for (const each of signed(tx)) check(caller, each)
    return await next.tx(caller, tx, terms)
  },
})

function check(caller: Caller, tx: Tx): void {
  if (caller.system) return
  if (caller.account === '') throw new StatusError('platform:status:AccountNotFound', { email: caller.email })
  const { modifiedBy, createdBy = modifiedBy, space } = tx
  // Queries of the log would not find it in another space.
  if (space !== core.space.Tx) throw forbidden(`a transaction is in ${core.space.Tx}`)
  if (modifiedBy === caller.account && createdBy === caller.account) return
  throw forbidden(`modifiedBy must be ${caller.account}`)
}
