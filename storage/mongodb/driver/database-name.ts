import { createHash } from 'node:crypto'

const longestDatabaseName = 63
const longestCollectionName = 100
const digestLength = 40

/**
 * The database name of a workspace. It is unique although MongoDB ignores case in database names: each byte except
 * lower-case letters, digits and hyphens is encoded as `_` and two hex digits, and long names are replaced with a
 * digest.
 */
export function databaseName(prefix: string, workspace: string): string {
  const encoded = encode(workspace, /[a-z0-9-]/)
  const name = `${prefix}w-${encoded}`
  return name.length <= longestDatabaseName ? name : `${prefix}h-${digest(workspace)}`
}

/** The collection of a domain. Collections of the storage itself contain a dot, which no encoded name does. */
export function collectionName(domain: string): string {
  const encoded = domain === '' ? '_' : encode(domain, /[A-Za-z0-9-]/)
  return encoded.length <= longestCollectionName ? encoded : `_h_${digest(domain)}`
}

function encode(text: string, plain: RegExp): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte)
    return plain.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digestLength)
}
