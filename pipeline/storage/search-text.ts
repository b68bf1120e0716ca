import type { Doc } from '../../model/documents.ts'
import { valuesAt } from '../../model/query/path.ts'
import type { Path } from '../../model/query/plan.ts'
import { searchWords } from '../../model/query/search-words.ts'

/** The words of a document: of its title, and of its other full-text fields. */
export interface SearchText {
  title: string[]
  body: string[]
}

/** The first full-text field that is set. */
export function titleOf(doc: Doc, paths: readonly Path[]): string | undefined {
  return paths.flatMap((path) => textsAt(doc, path))[0]
}

export function searchText(doc: Doc, paths: readonly Path[]): SearchText {
  const [title = '', ...body] = paths.flatMap((path) => textsAt(doc, path))
  return { title: searchWords(title), body: body.flatMap(searchWords) }
}

/** What is not empty. */
export function textsAt(doc: Doc, path: Path): string[] {
  return valuesAt(path)(doc)
    .flat()
    .filter((value): value is string => typeof value === 'string' && value !== '')
}
