import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Doc } from './documents.ts'
import type { Tx } from './transactions.ts'

/** The hash of a model without transactions. */
export const EMPTY_MODEL_HASH = ''

/** The hash of a model extended by `tx`: a hash of the previous hash and the transaction. */
export function nextModelHash(previous: string, tx: Tx): string {
  return sha256Hex(`${previous}\n${canonicalJson(tx)}`)
}

/** A digest of a document's content, independent of key order. */
export function contentHash(doc: Doc): string {
  return sha256Hex(canonicalJson(doc))
}

/** JSON with sorted keys and without `undefined` members: equal content has equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}

function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}
