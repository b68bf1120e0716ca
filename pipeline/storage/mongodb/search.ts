import { DocumentStore } from '../../../model/document-store.ts'
import type { Condition } from '../../../model/query/plan.ts'
import type { DomainSchema, SearchHit, SearchRequest, StorageSchema } from '../contract.ts'
import { search as searchSource } from '../memory/search.ts'
import { type QueryContext, readAll } from './query.ts'

/**
 * Full-text search without an index of words: the server looks for the words as text, which is a scan of the
 * classes and spaces asked for, and what it finds is scored here.
 */
export async function search(
  request: SearchRequest,
  schema: StorageSchema,
  context: QueryContext,
): Promise<SearchHit[]> {
  const store = new DocumentStore()
  const searched = schema.domains.filter(({ fullText }) => fullText.length > 0)
  const load = async (domain: DomainSchema) => {
    for (const doc of await readAll(domain.domain, conditionOf(request, domain), context))
      store.put(domain.domain, doc)
  }
  await Promise.all(searched.map(load))
  return searchSource(store, schema, request)
}

function conditionOf({ text, classes, spaces, excluded }: SearchRequest, schema: DomainSchema): Condition {
  const conditions: Condition[] = [{ op: 'search', text, paths: schema.fullText }]
  if (classes !== undefined) conditions.push({ op: 'in', path: ['_class'], values: [...classes] })
  if (spaces !== undefined) conditions.push({ op: 'in', path: ['space'], values: [...spaces] })
  if (excluded !== undefined && excluded.spaces.length > 0)
    conditions.push({ op: 'nin', path: ['space'], values: [...excluded.spaces] })
  return { op: 'all-of', conditions }
}
