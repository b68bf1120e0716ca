import type { Doc, Domain } from '../../../model/documents.ts'
import type { SearchHit, SearchRequest, VisibleDocuments } from '../../contract.ts'
import { Search } from '../../../model/query/search.ts'
import { type JsonText, parseJson } from '../../shared/json-text.ts'
import { hitOf, isLeftOut } from '../../search/search-hit.ts'
import { matchExpression } from '../sql/compile-search.ts'
import { and, checked, fragment, not, oneOf, or, template, type SqlFragment } from '../sql/sql-fragment.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'
import { pushAll } from '../../../model/push-all.ts'

/** A word in the title counts as four words in the body. */
const weights = '4.0, 1.0'

interface Entry {
  id: string
  domain: Domain
  score: number
}

export function search(file: WorkspaceFile, request: SearchRequest): SearchHit[] {
  const { text, prefix } = request
  const accented = [...file.schemas].flatMap((schema) => schema.accented ?? [])
  const search = new Search({ text, prefix, accented })
  const match = matchExpression(search, accented)
  if (match === undefined || request.limit <= 0) return []
  const hits: SearchHit[] = []
  for (const entry of file.rows<Entry>(searchQuery(match, request))) {
    file.checkpoint()
    const hit = readHit(file, entry, { request, search })
    if (hit !== undefined) hits.push(hit)
  }
  return hits
}

function searchQuery(match: string, { classes, spaces, visible, limit }: SearchRequest): SqlFragment {
  const where = [fragment('search MATCH ?', match), checked('d')]
  if (classes !== undefined) where.push(oneOf('d._class', classes))
  if (spaces !== undefined) where.push(oneOf('d.space', spaces))
  if (visible !== undefined) pushAll(where, visibility(visible))
  return template(
    `SELECT d.id, d.domain, -bm25(search, ${weights}) AS score FROM search` +
      ' JOIN search_doc AS d ON d.rowid = search.rowid WHERE {} ORDER BY score DESC, d.id LIMIT {}',
    and(where),
    fragment('?', Math.trunc(limit)),
  )
}

function visibility({ account, spaces, classes, ...of }: VisibleDocuments): SqlFragment[] {
  const isOther = (names: readonly string[]) => not(oneOf('d._class', names))
  const parts = [oneOf('d.space', spaces), oneOf('d._class', classes)]
  if (of.spaceClasses.length > 0) parts.push(or([isOther(of.spaceClasses), oneOf('d.id', spaces)]))
  if (of.creatorClasses.length > 0)
    parts.push(or([isOther(of.creatorClasses), fragment('d.createdBy = ?', account)]))
  return parts
}

/** The hit for the current document, which may have changed since it was indexed. */
function readHit(
  file: WorkspaceFile,
  { id, domain, score }: Entry,
  { request, search }: { request: SearchRequest; search: Search },
): SearchHit | undefined {
  const table = file.table(domain)
  if (table.missing === true) return undefined
  const data = file.value<JsonText<Doc>>(fragment(`SELECT data FROM ${table.name} WHERE _id = ?`, id))
  if (data === undefined) return undefined
  const doc = parseJson(data)
  if (isLeftOut(doc, request)) return undefined
  return hitOf(doc, file.schemaOf(domain) ?? { fullText: [] }, search, score)
}
