import type { Doc } from '../../model/documents.ts'
import type { Search } from '../../model/query/search.ts'
import type { DomainSchema, SearchHit, SearchRequest, VisibleDocuments } from '../contract.ts'
import { highlightsOf } from './highlights.ts'
import { titleOf } from './search-text.ts'

/** The hit for a document. */
export function hitOf(
  doc: Doc,
  { fullText }: Pick<DomainSchema, 'fullText'>,
  search: Search,
  score: number,
): SearchHit {
  const { _id: id, _class } = doc
  const title = titleOf(doc, fullText)
  return {
    id,
    _class,
    ...(title === undefined ? {} : { title }),
    score,
    highlights: highlightsOf(doc, fullText, search),
  }
}

/** Whether the request excludes the document, regardless of its words. */
export function isLeftOut(doc: Doc, { classes, spaces, visible }: SearchRequest): boolean {
  const { _class, space } = doc
  if (classes?.includes(_class) === false || spaces?.includes(space) === false) return true
  return visible !== undefined && !isVisible(doc, visible)
}

function isVisible({ _id, _class, space, createdBy }: Doc, visible: VisibleDocuments): boolean {
  const { account, spaces, classes, spaceClasses, creatorClasses } = visible
  if (!spaces.includes(space) || !classes.includes(_class)) return false
  if (spaceClasses.includes(_class) && !spaces.includes(_id)) return false
  return !creatorClasses.includes(_class) || createdBy === account
}
