import { escapeRegExp } from '../../../model/query/like.ts'

/**
 * Sources of regular expressions that find at least what the model's do. Servers differ in syntax, in how they
 * fold case and in what a character is, and backtrack where the model doesn't: so only the longest run of letters,
 * digits and such is looked for, in any case, and the model tests what was found.
 */

const plainRun = /[\w \-,:;@]+/g
/** What folds to an ASCII letter, or whose lower case begins with one, beside the letter itself. */
const foldsTo: Record<string, string> = { i: 'İı', k: '\u212A', s: 'ſ' }

/** Of text that a value has to hold, or begin with; `undefined` where none of it is plain. */
function textPattern(text: string): string | undefined {
  const longest = (text.match(plainRun) ?? []).reduce((a, b) => (b.length > a.length ? b : a), '')
  return longest === '' ? undefined : anyCase(longest)
}

/** Of what `$like` looks for: all but the wildcards is text. */
export function likePattern(pattern: string): string | undefined {
  const [beginning = ''] = /^[\w \-,:;@]*/.exec(pattern) ?? []
  return beginning === '' ? textPattern(pattern) : `^${anyCase(beginning)}`
}

/** Of a regular expression that is text, or begins with text at the value's beginning. */
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
