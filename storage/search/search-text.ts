import type { Doc } from '../../model/documents.ts'
import { valuesAt } from '../../model/query/path.ts'
import type { Path } from '../../model/query/plan.ts'
import { wordsIn } from '../../model/query/search-words.ts'
import type { DomainSchema } from '../contract.ts'

/** The words of each text of a document: of its title, and of its other full-text fields. */
export interface SearchText {
  title: string[][]
  body: string[][]
}

/** The first full-text field with a value. */
export function titleOf(doc: Doc, paths: readonly Path[]): string | undefined {
  for (const path of paths) {
    const [first] = textsAt(doc, path)
    if (first !== undefined) return first
  }
  return undefined
}

export function searchText(doc: Doc, schema: Pick<DomainSchema, 'fullText' | 'accented'>): SearchText {
  const found: SearchText = { title: [], body: [] }
  const accents = hasAccents(doc, schema)
  for (const path of schema.fullText) {
    for (const text of textsAt(doc, path)) {
      const words = wordsIn(text, { accents }).map((word) => word.text)
      found[found.title.length === 0 ? 'title' : 'body'].push(words)
    }
  }
  return found
}

/** The declarations that determine the content of the index. It is rebuilt when they change. */
export function declaredSearch({ domain, fullText, accented }: DomainSchema): unknown[] {
  return [domain, fullText, ...(accented ?? [])]
}

/** Whether accents are significant in the document. */
export function hasAccents({ _class }: Doc, { accented }: Pick<DomainSchema, 'accented'>): boolean {
  return accented?.includes(_class) === true
}

/** The texts at the path, without empty ones. */
export function textsAt(doc: Doc, path: Path): string[] {
  const texts: string[] = []
  for (const value of readerOf(path)(doc)) {
    if (isText(value)) texts.push(value)
    else if (Array.isArray(value)) for (const item of value) if (isText(item)) texts.push(item)
  }
  return texts
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

const readers = new WeakMap<Path, (doc: Doc) => unknown[]>()

/** Cached: creating a reader takes longer than a read. */
function readerOf(path: Path): (doc: Doc) => unknown[] {
  let reader = readers.get(path)
  if (reader === undefined) readers.set(path, (reader = valuesAt(path)))
  return reader
}
