import { createHash } from 'node:crypto'
import { foldText, withoutAccents } from '../../../model/query/fold-text.ts'
import { StatusError } from '../../../model/status.ts'

/** Maximum characters of an id: it can be one label of a host name. */
const LONGEST = 63
const DIGEST = 12

/**
 * The id of a workspace with this name: its lower-case Latin letters and digits, without accents. When the name has other
 * letters, symbols such as emoji, or too many characters, a digest of the name follows, so ids stay unique.
 * @throws StatusError BadRequest for a name without any letter, digit or sign
 */
export function workspaceIdOf(name: string): string {
  const folded = withoutAccents(foldText(name))
  const whole = withDashes(folded, /[^\p{L}\p{N}\p{M}\p{So}]+/gu)
  const latin = withDashes(folded, /[^a-z0-9]+/g)
  if (whole === '')
    throw new StatusError('platform:status:BadRequest', { message: 'a name has letters or digits' })
  if (latin === whole && latin.length <= LONGEST) return latin
  const digest = createHash('sha256').update(whole).digest('hex').slice(0, DIGEST)
  const head = withDashes(latin.slice(0, LONGEST - DIGEST - 1), /-+$/)
  return head === '' ? `w-${digest}` : `${head}-${digest}`
}

function withDashes(text: string, others: RegExp): string {
  return text.replace(others, '-').replace(/^-+|-+$/g, '')
}
