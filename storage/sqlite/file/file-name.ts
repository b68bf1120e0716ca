import { createHash } from 'node:crypto'

const longestName = 120

/**
 * The file name of a workspace. It is unique even if the file system ignores case: each byte except lower-case
 * letters, digits and hyphens is encoded as `_` and two hex digits, and long names are replaced with a digest.
 */
export function fileName(workspace: string): string {
  const encoded = Array.from(Buffer.from(workspace, 'utf8'), encodeByte).join('')
  if (encoded.length <= longestName) return `w-${encoded}.db`
  return `h-${createHash('sha256').update(workspace).digest('hex')}.db`
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return /[a-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`
}
