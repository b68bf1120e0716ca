import { core } from '../../model/identifiers.ts'
import type { Tx, TxMeta } from '../../model/transactions.ts'

/**
 * The number of asynchronous triggers between a transaction and the one that a client sent. It is part of `meta`,
 * also of derived transactions, and is trusted only with the system's signature.
 */
export interface Generation {
  count: number
  /** The triggers in between, in order. */
  triggers: readonly string[]
}

/** Maximum number of trigger names; the names of a loop repeat. */
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

/** The `meta` of transactions that a trigger creates because of `cause`. */
export function nextGeneration(cause: Tx, trigger: string): TxMeta {
  const { count, triggers } = generationOf(cause)
  return { generation: count + 1, triggers: [...triggers, trigger].slice(-MAX_NAMES).join(SEPARATOR) }
}

/** The `meta` if the server wrote it. */
export function trustedMeta({ modifiedBy, meta }: Tx): TxMeta | undefined {
  return modifiedBy === core.account.System ? meta : undefined
}
