import type { Doc } from '../../model/documents.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import { Search } from '../../model/query/search.ts'
import { countTerm } from '../../model/query/search-terms.ts'
import type { DomainSchema, SearchHit, SearchRequest, StorageSchema } from '../contract.ts'
import { hitOf, isLeftOut } from '../search/search-hit.ts'
import { searchText } from '../search/search-text.ts'

/** A word in the title counts as four words in the body. */
const titleWeight = 4

export function search(source: DocumentSource, schema: StorageSchema, request: SearchRequest): SearchHit[] {
  const hits = schema.domains.flatMap((domain) => hitsIn(source, domain, request))
  hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  return hits.slice(0, Math.max(0, request.limit))
}

function hitsIn(source: DocumentSource, schema: DomainSchema, request: SearchRequest): SearchHit[] {
  const { text, prefix } = request
  const wanted = new Search({ text, prefix, accented: schema.accented })
  const hits: SearchHit[] = []
  if (wanted.isEmpty) return hits
  for (const doc of source.documents(schema.domain)) {
    if (isLeftOut(doc, request)) continue
    const score = scoreOf(doc, schema, wanted)
    if (score > 0) hits.push(hitOf(doc, schema, wanted, score))
  }
  return hits
}

/** 0 unless the document contains every term. */
function scoreOf(doc: Doc, schema: DomainSchema, wanted: Search): number {
  const { title, body } = searchText(doc, schema)
  let score = 0
  for (const term of wanted.termsFor(doc._class)) {
    const count = (texts: string[][]) => texts.reduce((sum, words) => sum + countTerm(words, term), 0)
    const [inTitle, inBody] = [count(title), count(body)]
    if (inTitle + inBody === 0) return 0
    score += inTitle * titleWeight + inBody
  }
  return score / [...title, ...body].reduce((sum, words) => sum + words.length, 0)
}
