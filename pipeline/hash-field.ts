import type { Doc } from '../model/documents.ts'

/** Where tools of the family put the hash that a document had: kept, it would change the hash that the document has. */
export const HASH_FIELD = '%hash%'

export function withoutHash(doc: Doc): Doc {
  if (!Object.hasOwn(doc, HASH_FIELD)) return doc
  const { [HASH_FIELD]: _, ...kept } = doc as Doc & Record<string, unknown>
  return kept as unknown as Doc
}
