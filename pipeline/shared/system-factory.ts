import { core } from '../../model/identifiers.ts'
import { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Clock } from './logger.ts'

/** Creates transactions that are signed by the system, and hidden from queries of the log. */
export function systemFactory({
  clock,
  generateId,
}: {
  clock: Clock
  generateId: () => string
}): TransactionFactory {
  const { System: modifiedBy } = core.account
  const space = core.space.DerivedTx
  return new TransactionFactory(generateId, { space, modifiedBy, modifiedOn: clock.now() })
}
