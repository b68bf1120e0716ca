import type { Doc } from '../../model/documents.ts'
import type { Path } from '../../model/query/plan.ts'
import { searchWords } from '../../model/query/search-words.ts'
import type { Highlight } from './contract.ts'
import { textsAt } from './search-text.ts'

/** Of one hit. */
const MOST_HIGHLIGHTS = 5
/** Of one text, in UTF-16 units, and how many of them stand before the first marked word. */
const LONGEST_TEXT = 240
const BEFORE = 60

/** The texts of a document in which words begin with one of those looked for, cut to where they are. */
export function highlightsOf(doc: Doc, paths: readonly Path[], query: string): Highlight[] {
  const words = searchWords(query)
  const found: Highlight[] = []
  for (const path of paths) {
    for (const text of textsAt(doc, path)) {
      if (found.length >= MOST_HIGHLIGHTS) return found
      const marks = marksIn(text, words)
      if (marks.length > 0) found.push({ field: path.join('.'), ...cut(text, marks) })
    }
  }
  return found
}

function marksIn(text: string, words: readonly string[]): Highlight['marks'] {
  const marks: Highlight['marks'] = []
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    const isFound = searchWords(word).some((part) => words.some((wanted) => part.startsWith(wanted)))
    if (isFound) marks.push([index, index + word.length])
  }
  return marks
}

/** Whole characters of the text around the first mark, and the marks that are within. */
function cut(text: string, marks: Highlight['marks']): Omit<Highlight, 'field'> {
  const [[first] = [0]] = marks
  const start = boundary(text, text.length <= LONGEST_TEXT ? 0 : Math.max(0, first - BEFORE))
  const end = boundary(text, start + LONGEST_TEXT)
  const within = marks.filter(([from]) => from < end)
  return {
    text: text.slice(start, end),
    marks: within.map(([from, to]) => [from - start, Math.min(to, end) - start]),
  }
}

/** Not between the two units of one character. */
function boundary(text: string, at: number): number {
  const isBetween = /[\uDC00-\uDFFF]/.test(text.charAt(at)) && /[\uD800-\uDBFF]/.test(text.charAt(at - 1))
  return isBetween ? at - 1 : Math.min(at, text.length)
}
