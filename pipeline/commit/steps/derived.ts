import { core } from '../../../model/identifiers.ts'
import type { Tx } from '../../../model/transactions.ts'
import { TransactionFactory } from '../../../model/transaction-factory.ts'
import { trustedMeta } from '../../modules/generation.ts'
import type { Workspace } from '../../workspace/workspace.ts'

/**
 * For changes the server makes because of another: signed and timed like it, hidden from queries of the log.
 *
 * @param least milliseconds since the epoch before which they are not, as an import may be of long ago
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
