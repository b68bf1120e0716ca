import type { Doc } from '../../model/documents.ts'
import type { Path } from '../../model/query/plan.ts'
import type { Search } from '../../model/query/search.ts'
import { isAt, type SearchTerm } from '../../model/query/search-terms.ts'
import type { Word } from '../../model/query/search-words.ts'
import type { Highlight } from '../contract.ts'
import { textsAt } from './search-text.ts'
import { pushAll } from '../../model/push-all.ts'

/** Maximum number per hit. */
const MOST_HIGHLIGHTS = 5
/** Maximum length of a text in UTF-16 units, and of the context before the first match. */
const LONGEST_TEXT = 240
const BEFORE = 60

/** Texts of the document that contain a term of the search, cut around the matches. */
export function highlightsOf(doc: Doc, paths: readonly Path[], search: Search): Highlight[] {
  const terms = search.termsFor(doc._class)
  const found: Highlight[] = []
  for (const path of paths) {
    for (const text of textsAt(doc, path)) {
      if (found.length >= MOST_HIGHLIGHTS) return found
      const marks = marksIn(search.wordsIn(text, doc._class), terms)
      if (marks.length > 0) found.push({ field: path.join('.'), ...cut(text, marks) })
    }
  }
  return found
}

/** Matches in order. Overlapping ones are merged: words of scripts without spaces overlap. */
function marksIn(words: readonly Word[], terms: readonly SearchTerm[]): Highlight['marks'] {
  const texts = words.map(({ text }) => text)
  const marks: Highlight['marks'] = []
  for (const [start, { from }] of words.entries()) {
    // Later matches are cut off.
    if (from > (marks[0]?.[0] ?? from) + LONGEST_TEXT) break
    for (const term of terms)
      if (isAt(texts, start, term))
        pushAll(marks, marksOf(words.slice(start, start + term.words.length), term))
  }
  marks.sort(([a], [b]) => a - b)
  return marks.reduce<Highlight['marks']>((joined, [from, to]) => {
    const last = joined.at(-1)
    if (last === undefined || last[1] <= from) joined.push([from, to])
    else last[1] = Math.max(last[1], to)
    return joined
  }, [])
}

/** The positions of the words of a term. */
function marksOf(words: readonly Word[], term: SearchTerm): Highlight['marks'] {
  return words.map(({ from, to, pair }, index) => {
    const isFirstAlone = pair?.character === term.words[index]
    return [from, isFirstAlone ? (pair?.end ?? to) : to]
  })
}

/** Cuts the text around the first match, at whole characters, with the matches inside. */
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

/** Avoids splitting a surrogate pair. */
function boundary(text: string, at: number): number {
  const isBetween = /[\uDC00-\uDFFF]/.test(text.charAt(at)) && /[\uD800-\uDBFF]/.test(text.charAt(at - 1))
  return isBetween ? at - 1 : Math.min(at, text.length)
}
