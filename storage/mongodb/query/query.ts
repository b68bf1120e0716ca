import type { Document, FindCursor } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import type { Condition } from '../../../model/query/plan.ts'
import { both, compileCondition, type Narrowing } from '../filters/compile-condition.ts'
import type { Documents, Source, Stored } from '../documents/documents.ts'
import type { ReadBound } from '../driver/read-bound.ts'
import type { MixedTypeFields } from './mixed-type-fields.ts'

/** The context of queries. */
export interface QueryContext {
  documents: Documents
  mixedTypeFields: MixedTypeFields
  byCodePoint: boolean
  /** Bounds of the read, if it is a client's. */
  bound?: ReadBound
}

export interface Query {
  source: Source
  filter: Document
  /** The filter matches only documents that meet the condition. */
  exact: boolean
}

export function compileQuery(domain: Domain, condition: Condition, context: QueryContext): Query {
  const source = context.documents.source(domain)
  const { byCodePoint } = context
  const narrowing: Narrowing = compileCondition(condition, { prefix: source.prefix, byCodePoint })
  if (!context.mixedTypeFields.hasTextDocuments(domain))
    return { source, filter: both([narrowing.filter ?? {}, source.filter]), exact: narrowing.exact }
  const wanted = narrowing.filter ?? {}
  const filter = Object.keys(wanted).length === 0 ? {} : { $or: [wanted, { '%text': { $exists: true } }] }
  return { source, filter: both([filter, source.filter]), exact: false }
}

/** All documents that may meet the condition, in any order. */
export async function readAll(domain: Domain, condition: Condition, context: QueryContext): Promise<Doc[]> {
  const { source, filter } = compileQuery(domain, condition, context)
  const found = await source.collection.find(filter, { ...context.bound }).toArray()
  return found.flatMap(source.decode)
}

/** The documents of a cursor, which is closed when the iteration ends. */
export async function* decoded(cursor: FindCursor<Stored>, decode: Source['decode']): AsyncGenerator<Doc> {
  try {
    for await (const stored of cursor) yield* decode(stored)
  } finally {
    await cursor.close()
  }
}
