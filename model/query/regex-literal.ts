import { partsOf } from './regex-syntax.ts'

/** A text that every match of an expression contains. */
export interface RequiredText {
  text: string
  /** Whether the expression matches wherever the text is. */
  isAll: boolean
}

/** Characters without a meaning. Surrogates are not among them: a repetition applies to both of a pair. */
const plain = /^[^\\^$.*+?()[\]{}|\ud800-\udfff]$/
const escaped = /^\\[\\^$.*+?()[\]{}|/-]$/
/** Escapes that give the next characters no other meaning, as `\x41` does. */
const closed = /^\\[dDwWsSbBnrt]$/
const repetition = /^(?:[*+?]|\{\d)/

/**
 * The longest run of characters outside of groups, alternatives and classes; `undefined` if there is none. It is empty
 * or absent where that is not evident from the parts alone, as under the flag `i`.
 */
export function requiredText(source: string, flags: string): RequiredText | undefined {
  if (flags.includes('i')) return undefined
  const parts = partsOf(source).map(({ text }) => text)
  if (parts.some(isOpen)) return undefined
  const runs = runsOf(parts)
  const text = runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '')
  if (text === '') return undefined
  return { text, isAll: parts.every((part) => characterOf(part) !== undefined) }
}

/** Whether a part changes the meaning of others, or makes them optional. */
function isOpen(part: string): boolean {
  if (part.startsWith('\\')) return !escaped.test(part) && !closed.test(part)
  return part === '|' || part.startsWith('(?')
}

function runsOf(parts: readonly string[]): string[] {
  const runs = ['']
  let depth = 0
  for (const [at, part] of parts.entries()) {
    if (part === '(') depth += 1
    if (part === ')') depth -= 1
    const character = depth === 0 ? characterOf(part) : undefined
    const isRepeated = repetition.test(parts[at + 1] ?? '')
    if (character === undefined || isRepeated) runs.push('')
    else runs[runs.length - 1] += character
  }
  return runs
}

function characterOf(part: string): string | undefined {
  if (plain.test(part)) return part
  return escaped.test(part) ? part.slice(1) : undefined
}
