import type { SearchCondition } from '../../../model/query/plan.ts'
import { Search } from '../../../model/query/search.ts'
import type { SearchTerm } from '../../../model/query/search-terms.ts'
import type { SearchText } from '../../search/search-text.ts'
import type { SqlFragment } from './sql-fragment.ts'
import { never, template, fragment } from './sql-fragment.ts'
import type { SqlScope } from './sql-scope.ts'

/** Prefix of words in documents with significant accents, so that searches without accents do not match them. */
const ACCENTED = '\uE000'
/** Separator between two texts, so that a phrase does not match across them. */
const BETWEEN_TEXTS = ' \uE001 '

/** The index covers all full-text fields of a domain, so that `exact` restricts the result to the named fields. */
export function compileSearch(condition: SearchCondition, scope: SqlScope, exact: SqlFragment): SqlFragment {
  const match = matchExpression(new Search(condition), condition.accented)
  if (match === undefined) return never
  if (!condition.paths.every((path) => scope.table.searched.has(JSON.stringify(path)))) return exact
  const candidates = fragment(
    'SELECT id FROM search_doc WHERE domain = ? AND rowid IN (SELECT rowid FROM search WHERE search MATCH ? AND (rowid & 63 OR checkpoint()))',
    scope.table.domain,
    match,
  )
  return template(`${scope.alias}._id IN ({}) AND {}`, candidates, exact)
}

/** The FTS5 expression; `undefined` if there are no words. */
export function matchExpression(search: Search, accented: readonly string[] = []): string | undefined {
  if (search.isEmpty) return undefined
  const plain = allOf(search.termsFor(''), '')
  const [_class] = accented
  if (_class === undefined) return plain
  return `(${plain}) OR (${allOf(search.termsFor(_class), ACCENTED)})`
}

function allOf(terms: readonly SearchTerm[], mark: string): string {
  const phrases = terms.map(({ words, isPrefix }) => {
    const text = words.map((word) => `${mark}${word}`).join(' ')
    return `"${text}"${isPrefix ? '*' : ''}`
  })
  return phrases.join(' AND ')
}

/** The columns of a document in the index. */
export function indexedText(
  { title, body }: SearchText,
  isAccented: boolean,
): { title: string; body: string } {
  const mark = isAccented ? ACCENTED : ''
  const column = (texts: string[][]) =>
    texts.map((words) => words.map((word) => `${mark}${word}`).join(' ')).join(BETWEEN_TEXTS)
  return { title: column(title), body: column(body) }
}
