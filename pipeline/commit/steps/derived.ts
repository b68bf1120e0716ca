import { core } from '../../../model/identifiers.ts'
import type { Tx } from '../../../model/transactions.ts'
import { TransactionFactory } from '../../../model/transaction-factory.ts'
import { trustedMeta } from '../../triggers/generation.ts'
import type { Workspace } from '../../workspace.ts'

/** For changes the server makes because of another: signed and timed like it, hidden from queries of the log. */
export function derivedFrom({ generateId }: Workspace, cause: Tx): TransactionFactory {
  const { modifiedBy, modifiedOn } = cause
  return new TransactionFactory(generateId, {
    space: core.space.DerivedTx,
    modifiedBy,
    modifiedOn,
    meta: trustedMeta(cause),
  })
}
