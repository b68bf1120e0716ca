import type { Doc } from '../../../model/documents.ts'
import type { DocumentSource } from '../../../model/query/evaluate.ts'
import { searchWords } from '../../../model/query/search-words.ts'
import type { DomainSchema, SearchHit, SearchRequest, StorageSchema } from '../contract.ts'
import { hitOf, isLeftOut } from '../search-hit.ts'
import { searchText } from '../search-text.ts'

/** A word in the title counts as much as four in the body. */
const titleWeight = 4

export function search(source: DocumentSource, schema: StorageSchema, request: SearchRequest): SearchHit[] {
  const words = searchWords(request.text)
  if (words.length === 0) return []
  const hits = schema.domains.flatMap((domain) => hitsIn(source, domain, { ...request, words }))
  hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  return hits.slice(0, Math.max(0, request.limit))
}

function hitsIn(
  source: DocumentSource,
  schema: DomainSchema,
  request: SearchRequest & { words: string[] },
): SearchHit[] {
  const hits: SearchHit[] = []
  for (const doc of source.documents(schema.domain)) {
    if (isLeftOut(doc, request)) continue
    const score = scoreOf(doc, schema, request.words)
    if (score > 0) hits.push(hitOf(doc, schema.fullText, request.text, score))
  }
  return hits
}

/** 0 unless every word begins one of the document's. */
function scoreOf(doc: Doc, schema: DomainSchema, words: readonly string[]): number {
  const { title, body } = searchText(doc, schema.fullText)
  let score = 0
  for (const word of words) {
    const inTitle = title.filter((candidate) => candidate.startsWith(word)).length
    const inBody = body.filter((candidate) => candidate.startsWith(word)).length
    if (inTitle + inBody === 0) return 0
    score += inTitle * titleWeight + inBody
  }
  return score / (title.length + body.length)
}
