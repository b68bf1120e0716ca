import { createHash } from 'node:crypto'

const longestName = 120

/**
 * The file of a workspace. Two ids never share one, even where a file system ignores case: all but lower-case
 * letters, digits and hyphens stand as `_` and two hex digits a byte, and what gets too long as a digest.
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
