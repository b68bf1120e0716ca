import { core } from '../../../model/identifiers.ts'
import type { Tx } from '../../../model/transactions.ts'
import { TransactionFactory } from '../../../model/transaction-factory.ts'
import { trustedMeta } from '../../modules/generation.ts'
import type { Workspace } from '../../workspace/workspace.ts'

/**
 * Creates transactions that the server derives from another one: with its signature and time, hidden from queries of
 * the log.
 * @param least earliest time, in milliseconds since the epoch: an import may have an old time
 */
export function derivedFrom({ generateId }: Workspace, cause: Tx, least = -Infinity): TransactionFactory {
  const { modifiedBy } = cause
  const modifiedOn = Math.max(cause.modifiedOn, least)
  return new TransactionFactory(generateId, {
    space: core.space.DerivedTx,
    modifiedBy,
    modifiedOn,
    meta: trustedMeta(cause),
  })
}
