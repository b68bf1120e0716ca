import { createHash } from 'node:crypto'
import { canonicalJson } from '../../model/hash-chain.ts'
import { isFields } from '../../model/json-value.ts'
import type { Tx } from '../../model/transactions.ts'
import { mapSigned } from '../shared/signed-transactions.ts'

/** The stored result of a request, with a digest of its transaction, so that only the same transaction gets it. */
interface StoredResult {
  digest: string
  value: unknown
}

export function storedResult(tx: Tx, value: unknown): StoredResult {
  return { digest: digestOf(tx), value }
}

/** `undefined` if the result has no digest: an older version stored it, or it belongs to an inner transaction. */
export function asStoredResult(result: unknown): StoredResult | undefined {
  if (!isFields(result) || typeof result['digest'] !== 'string' || !('value' in result)) return undefined
  return { digest: result['digest'], value: result['value'] }
}

export function belongsTo({ digest }: StoredResult, tx: Tx): boolean {
  return digest === digestOf(tx)
}

/** A digest without the times, which the server sets. */
function digestOf(tx: Tx): string {
  const sent = mapSigned(tx, (signed) => ({ ...signed, modifiedOn: 0, createdOn: 0 }))
  return createHash('sha256').update(canonicalJson(sent)).digest('base64url')
}
