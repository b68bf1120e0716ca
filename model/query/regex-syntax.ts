import { invalidQuery } from './invalid-query.ts'

/**
 * The constructs of other engines that a linear-time engine cannot have or does not know, each with the text at which
 * it begins. Without a name, a client would see only the engine's own message.
 */
const unsupported: readonly [construct: string, start: RegExp][] = [
  ['lookahead', /^\(\?[=!]/],
  ['lookbehind', /^\(\?<[=!]/],
  ['an atomic group', /^\(\?>/],
  ['a conditional group', /^\(\?\(/],
  ['recursion', /^\(\?(?:R|&|P>|[+-]?\d)/],
  ['a branch reset', /^\(\?\|/],
  ['a comment', /^\(\?#/],
  ['a named backreference', /^\(\?P=|^\\[kg]/],
  ['a verb', /^\(\*/],
  ['a backreference', /^\\[1-9]/],
  ['a possessive repetition', /^(?:[*+?]|\{\d+(?:,\d*)?\})\+/],
  ['a repetition of a repetition', /^(?:[*+?]|\{\d+(?:,\d*)?\})[*+{]/],
]

/** Escapes of letters that the engine knows outside of classes. */
const knownEscape = /^\\[AabBdDfnpPrsStvwWxz]/

/** Characters that decide which construct begins. */
const LONGEST_START = 16

/** The parts of an expression: quoted text, escapes, classes, repetitions, beginnings of groups, characters. */
const parts =
  /\\Q(?:(?!\\E)[^])*(?:\\E)?|\\[pP](?:\{\^?\w+\}|\w)|\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]|\{\d+,?\d*\}|\(\?(?:P?<\w+>|[a-zA-Z-]*[:)])|[^]/g

/** The parts of an expression, in order. */
export function partsOf(source: string): { text: string; at: number }[] {
  return Array.from(source.matchAll(parts), ({ 0: text, index }) => ({ text, at: index }))
}

/** The error for an expression that the engine refused, with the name of the construct where it has one. */
export function syntaxError(source: string, error: unknown): Error {
  const construct = unsupportedIn(source)
  if (construct !== undefined) return invalidQuery(`$regex does not support ${construct}`)
  return invalidQuery(error instanceof Error ? error.message : 'not a regular expression')
}

function unsupportedIn(source: string): string | undefined {
  for (const { text, at } of partsOf(source)) {
    if (text.startsWith('[') || text.startsWith('\\Q') || knownEscape.test(text)) continue
    const rest = source.slice(at, at + LONGEST_START)
    const found = unsupported.find(([, start]) => start.test(rest))
    if (found !== undefined) return found[0]
    if (/^\\[a-zA-Z]/.test(text)) return `the escape ${text}`
  }
  return undefined
}
