import type { Domain } from '../../model/documents.ts'
import type { OpenedWorkspace } from './open.ts'

/** The classes of all stored documents, in domains that are declared now or were at the last opening. */
export async function storedClasses({
  documents,
  schema,
}: Pick<OpenedWorkspace, 'documents' | 'schema'>): Promise<{ domain: Domain; _class: string }[]> {
  const found = await Promise.all(
    schema.current.domains.map(async ({ domain }) => {
      const { collection, filter, prefix } = documents.source(domain)
      const classes: unknown[] = await collection.distinct(`${prefix}_class`, filter)
      return classes.filter((each) => typeof each === 'string').map((_class) => ({ domain, _class }))
    }),
  )
  return found.flat()
}
