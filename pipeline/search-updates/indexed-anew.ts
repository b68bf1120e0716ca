import type { ClassId } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { Affected } from '../push/affected.ts'
import type { DomainSchema, StorageSchema } from '../../storage/contract.ts'

/**
 * Classes whose documents a search finds by other words after a change of the model. The audience is everyone: only
 * the model is revealed.
 */
export function indexedAnew(hierarchy: Hierarchy, before: StorageSchema, after: StorageSchema): Affected[] {
  const known = new Map(before.domains.map((schema) => [schema.domain, schema]))
  const classes = hierarchy.domains()
  return after.domains.flatMap((schema) =>
    changed(classes.get(schema.domain) ?? [], known.get(schema.domain), schema)
      .filter((_class) => !hierarchy.isMixin(_class))
      .map((_class) => ({ _class, audience: undefined })),
  )
}

/** The searched fields apply to a whole domain; accents apply to a class. */
function changed(
  classes: readonly ClassId[],
  before: DomainSchema | undefined,
  after: DomainSchema,
): readonly ClassId[] {
  if (fieldsOf(before) !== fieldsOf(after)) return classes
  const wasAccented = new Set<string>(before?.accented)
  const isAccented = new Set<string>(after.accented)
  return classes.filter((_class) => wasAccented.has(_class) !== isAccented.has(_class))
}

function fieldsOf(schema: DomainSchema | undefined): string {
  return JSON.stringify((schema?.fullText ?? []).map((path) => path.join('.')).sort())
}
