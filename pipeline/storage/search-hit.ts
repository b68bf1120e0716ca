import type { Doc } from '../../model/documents.ts'
import type { Path } from '../../model/query/plan.ts'
import type { SearchHit, SearchRequest } from './contract.ts'
import { highlightsOf } from './highlights.ts'
import { titleOf } from './search-text.ts'

/** What a search tells of a document that it found. */
export function hitOf(doc: Doc, paths: readonly Path[], query: string, score: number): SearchHit {
  const { _id: id, _class } = doc
  const title = titleOf(doc, paths)
  return {
    id,
    _class,
    ...(title === undefined ? {} : { title }),
    score,
    highlights: highlightsOf(doc, paths, query),
  }
}

/** Whether the request leaves the document out, whatever its words are. */
export function isLeftOut(doc: Doc, { classes, spaces, excluded }: SearchRequest): boolean {
  const { _id, _class, space, createdBy } = doc
  if (classes?.includes(_class) === false || spaces?.includes(space) === false) return true
  if (excluded === undefined) return false
  if (excluded.spaces.includes(space) || excluded.spaces.includes(_id)) return true
  return excluded.classes.includes(_class) && (createdBy === undefined || createdBy !== excluded.creator)
}
