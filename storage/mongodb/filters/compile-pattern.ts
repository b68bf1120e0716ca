import { escapeRegExp } from '../../../model/query/like.ts'

/**
 * Regular expressions that match at least what those of the model match. Servers differ in syntax, case folding and
 * the notion of a character, and backtrack. So only the longest run of plain characters is used, case-insensitively,
 * and the model tests the result.
 */

const plainRun = /[\w \-,:;@]+/g
/** Other characters that fold to an ASCII letter, or whose lower case starts with one. */
const foldsTo: Record<string, string> = { i: 'İı', k: '\u212A', s: 'ſ' }

/** Matches a text inside a value; `undefined` if the text has no plain characters. */
function textPattern(text: string): string | undefined {
  const longest = (text.match(plainRun) ?? []).reduce((a, b) => (b.length > a.length ? b : a), '')
  return longest === '' ? undefined : anyCase(longest)
}

/** Matches a `$like` pattern: everything except wildcards is text. */
export function likePattern(pattern: string): string | undefined {
  const [beginning = ''] = /^[\w \-,:;@]*/.exec(pattern) ?? []
  return beginning === '' ? textPattern(pattern) : `^${anyCase(beginning)}`
}

/** Matches a regular expression that is plain text, or starts with plain text at the beginning of the value. */
export function regexPattern(source: string, flags: string): string | undefined {
  const [, anchor = '', text = '', rest = ''] = /^(\^?)([\w \-,:;@]*)([^]*)$/.exec(source) ?? []
  if (flags.includes('m') || (rest !== '' && (anchor === '' || rest.includes('|')))) return undefined
  const certain = /^[*?{]/.test(rest) ? text.slice(0, -1) : text
  if (certain === '') return undefined
  return anchor + (flags.includes('i') ? anyCase(certain) : escapeRegExp(certain))
}

function anyCase(text: string): string {
  return Array.from(text, (character) => {
    const [lower, upper] = [character.toLowerCase(), character.toUpperCase()]
    return lower === upper ? escapeRegExp(character) : `[${lower}${upper}${foldsTo[lower] ?? ''}]`
  }).join('')
}
