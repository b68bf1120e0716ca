import { RE2JS } from 're2js'
import { invalidQuery } from './invalid-query.ts'
import { requiredText } from './regex-literal.ts'
import { regexSize } from './regex-size.ts'
import { syntaxError } from './regex-syntax.ts'
import { stepsOfSearch, type WorkMeter } from './work-meter.ts'

/** Maximum length of `$regex` and `$like` patterns. */
export const MAX_PATTERN_LENGTH = 1000
/** Maximum size of one expression, as {@link regexSize} counts it. Time and memory of a match are proportional to it. */
export const MAX_REGEX_SIZE = 2000

const engineFlags: ReadonlyMap<string, number> = new Map([
  ['i', RE2JS.CASE_INSENSITIVE],
  ['m', RE2JS.MULTILINE],
  ['s', RE2JS.DOTALL],
])

/**
 * Rejects an expression that is invalid, or too large to compile at once.
 * @returns its size, as {@link regexSize} counts it
 * @throws StatusError `core:status:InvalidQuery` with the limit, or with the construct that is not supported
 */
export function checkRegex(source: string, flags: string): number {
  if (source.length > MAX_PATTERN_LENGTH)
    throw invalidQuery('pattern too long', { limit: MAX_PATTERN_LENGTH })
  if (flags.split('').some((flag) => !engineFlags.has(flag)) || new Set(flags).size !== flags.length) {
    throw invalidQuery('$options takes i, m and s', { $options: flags.slice(0, 32) })
  }
  const size = regexSize(source)
  if (size > MAX_REGEX_SIZE) throw invalidQuery('the pattern is too large', { limit: MAX_REGEX_SIZE })
  compile(source, flags)
  return size
}

/**
 * Bytes of the automaton that a match builds, as the engine counts them: some three times as many in fact. What needs
 * a larger one is matched without.
 */
const AUTOMATON_BYTES = 256 * 1024

/**
 * Whether the expression matches anywhere in a text. The engine is a port of RE2: its time is at most the product of
 * the text's length and the size of the expression, which the meter must have left. The expression must have passed
 * {@link checkRegex}.
 *
 * The meaning is that of MongoDB (PCRE with UTF-8) for what both support: characters are code points, `.` without `s`
 * is all but `\n`, `^` and `$` with `m` are next to `\n` only, `\d`, `\w` and `\b` are of ASCII, and `i` folds single
 * characters. It differs in that `$` without `m` matches at the end only, not before a last line break, and that `\s`
 * contains no vertical tab.
 */
export function compileRegex(source: string, flags: string, meter?: WorkMeter): (text: string) => boolean {
  const required = requiredText(source, flags)
  const test = required?.isAll === true ? undefined : engineTest(source, flags, meter)
  if (required === undefined) return test ?? (() => true)
  return (text) => {
    meter?.spend(stepsOfSearch(text.length, required.text.length))
    return text.includes(required.text) && (test === undefined || test(text))
  }
}

function engineTest(source: string, flags: string, meter: WorkMeter | undefined): (text: string) => boolean {
  const expression = compile(source, flags)
  const { dfa } = expression.re2()
  dfa.stateBudget = dfa.memBudget = AUTOMATON_BYTES
  let isFull = false
  dfa.resetCache = () => {
    isFull = true
    return null
  }
  const size = regexSize(source)
  return (text) => {
    const most = text.length * size
    meter?.check(most)
    const before = dfa.memBudget
    const isMatch = expression.test(text)
    const built = before - dfa.memBudget
    // An automaton with space left takes constant time for each character.
    meter?.spend(isFull ? most + built : Math.min(most, text.length) + built)
    if (isFull) dfa.clearCache()
    isFull = false
    return isMatch
  }
}

function compile(source: string, flags: string): RE2JS {
  try {
    return RE2JS.compile(
      source,
      flags.split('').reduce((all, flag) => all | (engineFlags.get(flag) ?? 0), 0),
    )
  } catch (error) {
    throw syntaxError(source, error)
  }
}
