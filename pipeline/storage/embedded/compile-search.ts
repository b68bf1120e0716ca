import type { Condition } from '../../../model/query/plan.ts'
import { searchWords } from '../../../model/query/search-words.ts'
import type { Fragment } from './fragment.ts'
import { never, template, fragment } from './fragment.ts'
import type { Scope } from './scope.ts'

type SearchCondition = Extract<Condition, { op: 'search' }>

/** The index covers all full-text fields of a domain, so what it finds is narrowed to the named ones by `exact`. */
export function compileSearch(condition: SearchCondition, scope: Scope, exact: Fragment): Fragment {
  const match = matchExpression(condition.text)
  if (match === undefined) return never
  if (!condition.paths.every((path) => scope.table.searched.has(JSON.stringify(path)))) return exact
  const candidates = fragment(
    'SELECT id FROM search_doc WHERE domain = ? AND rowid IN (SELECT rowid FROM search WHERE search MATCH ?)',
    scope.table.domain,
    match,
  )
  return template(`${scope.alias}._id IN ({}) AND {}`, candidates, exact)
}

/** For FTS5: every word as the beginning of an indexed one. */
export function matchExpression(text: string): string | undefined {
  const words = [...new Set(searchWords(text))]
  return words.length === 0 ? undefined : words.map((word) => `"${word}"*`).join(' AND ')
}
