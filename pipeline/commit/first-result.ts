import { createHash } from 'node:crypto'
import { canonicalJson } from '../../model/hash-chain.ts'
import { isFields } from '../../model/json-value.ts'
import type { Tx } from '../../model/transactions.ts'
import { mapSigned } from '../shared/signed-transactions.ts'

/** The result of a request as it is kept: with a digest of what was sent, so that nobody else is told it. */
interface KeptResult {
  digest: string
  value: unknown
}

export function keptResult(tx: Tx, value: unknown): KeptResult {
  return { digest: digestOf(tx), value }
}

/** `undefined`: kept by an older version, without the digest, or for a transaction inside another. */
export function asKept(result: unknown): KeptResult | undefined {
  if (!isFields(result) || typeof result['digest'] !== 'string' || !('value' in result)) return undefined
  return { digest: result['digest'], value: result['value'] }
}

export function isOf({ digest }: KeptResult, tx: Tx): boolean {
  return digest === digestOf(tx)
}

/** Of what the client sent: the server's clock sets the times. */
function digestOf(tx: Tx): string {
  const sent = mapSigned(tx, (signed) => ({ ...signed, modifiedOn: 0, createdOn: 0 }))
  return createHash('sha256').update(canonicalJson(sent)).digest('base64url')
}
