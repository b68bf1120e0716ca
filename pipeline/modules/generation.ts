import { core } from '../../model/identifiers.ts'
import type { Tx, TxMeta } from '../../model/transactions.ts'

/**
 * How far a transaction is from one that somebody sent, counted in asynchronous triggers. It travels in the
 * transaction's `meta`, also to what is derived from it, and only the system's signature makes it true.
 */
export interface Generation {
  count: number
  /** The triggers in between, the first one first. */
  triggers: readonly string[]
}

/** Names of triggers kept; of a loop, these repeat. */
const MAX_NAMES = 8

const SEPARATOR = ' > '

const first: Generation = { count: 0, triggers: [] }

export function generationOf(tx: Tx): Generation {
  const meta = trustedMeta(tx)
  if (meta === undefined) return first
  const { generation = 0, triggers = '' } = meta
  const names = String(triggers).split(SEPARATOR)
  return { count: Number(generation), triggers: triggers === '' ? [] : names }
}

/** The `meta` of what a trigger makes because of the transaction. */
export function nextGeneration(cause: Tx, trigger: string): TxMeta {
  const { count, triggers } = generationOf(cause)
  return { generation: count + 1, triggers: [...triggers, trigger].slice(-MAX_NAMES).join(SEPARATOR) }
}

/** What is said of a transaction by the server, and not by a client. */
export function trustedMeta({ modifiedBy, meta }: Tx): TxMeta | undefined {
  return modifiedBy === core.account.System ? meta : undefined
}
