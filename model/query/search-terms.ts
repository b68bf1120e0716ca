import { invalidQuery } from './invalid-query.ts'
import { MAX_PATTERN_LENGTH } from './regex.ts'
import { type Word, type WordOptions, wordsIn } from './search-words.ts'

/** Which words of a search match as prefixes: all of them, the last one, or none. */
export type SearchPrefix = 'all' | 'last' | 'none'
export const searchPrefixes = ['all', 'last', 'none'] as const satisfies readonly SearchPrefix[]

export function isSearchPrefix(value: unknown): value is SearchPrefix {
  return searchPrefixes.some((prefix) => prefix === value)
}

/** Maximum number of terms in a search. Each is looked for among all words of each document. */
export const MAX_SEARCH_TERMS = 100

/** Consecutive words in a text. */
export interface SearchTerm {
  words: string[]
  /** The last word matches as a prefix. */
  isPrefix: boolean
}

export interface SearchOptions extends WordOptions {
  prefix: SearchPrefix
}

/** A part in quotes, which may be typographic ones that a device inserted, or a part outside of quotes. */
const parts = /["“”„«]([^"“”„«»]*)["“”»]|([^"“”„«»]+)/gu

/**
 * The terms of a search. Words in quotes form a phrase. Other words match anywhere, and `prefix` tells which of them
 * match as prefixes. Every term must match.
 */
export function searchTerms(text: string, { accents, prefix }: SearchOptions): SearchTerm[] {
  const found: { words: Word[]; isQuoted: boolean }[] = []
  for (const [, phrase, words] of text.matchAll(parts)) {
    const isQuoted = phrase !== undefined
    const inPart = wordsIn(phrase ?? words ?? '', { accents })
    for (const run of isQuoted ? [inPart] : runsOf(inPart))
      if (run.length > 0) found.push({ words: run, isQuoted })
  }
  const terms = found.map(({ words, isQuoted }, index) => {
    const isLast = index === found.length - 1
    return termOf(words, !isQuoted && (prefix === 'all' || (prefix === 'last' && isLast)))
  })
  return [...new Map(terms.map((term) => [JSON.stringify(term), term])).values()]
}

/** @throws StatusError `core:status:InvalidQuery` with the limit that the search exceeds */
export function checkSearch(text: string): void {
  if (text.length > MAX_PATTERN_LENGTH) throw invalidQuery('search too long', { limit: MAX_PATTERN_LENGTH })
  if (searchTerms(text, { accents: true, prefix: 'none' }).length > MAX_SEARCH_TERMS)
    throw invalidQuery('too many words in a search', { limit: MAX_SEARCH_TERMS })
}

/** Whether the text contains the words of the term consecutively. */
export function hasTerm(words: readonly string[], term: SearchTerm): boolean {
  return words.some((_, start) => isAt(words, start, term))
}

/** The number of occurrences of the term. */
export function countTerm(words: readonly string[], term: SearchTerm): number {
  return words.filter((_, start) => isAt(words, start, term)).length
}

/** Whether the term occurs at this word. */
export function isAt(
  words: readonly string[],
  start: number,
  { words: wanted, isPrefix }: SearchTerm,
): boolean {
  const last = wanted.length - 1
  return wanted.every((word, index) => {
    const found = words[start + index]
    return isPrefix && index === last ? found?.startsWith(word) === true : found === word
  })
}

/** Each word is a run. Adjacent characters of a script without spaces form one run. */
function runsOf(words: readonly Word[]): Word[][] {
  const runs: Word[][] = []
  let run: Word[] = []
  for (const word of words) {
    run.push(word)
    if (word.pair?.isLast === false) continue
    runs.push(run)
    run = []
  }
  return runs
}

/** The last character of a run has no successor in the search, but may have one in the text. */
function termOf(words: readonly Word[], mayGoOn: boolean): SearchTerm {
  const texts = words.map(({ text }) => text)
  const [before, last] = words.slice(-2)
  if ((last ?? before)?.pair === undefined) return { words: texts, isPrefix: mayGoOn }
  const isAlone = last === undefined || before?.pair?.isLast !== false
  return isAlone ? { words: texts, isPrefix: true } : { words: texts.slice(0, -1), isPrefix: false }
}
