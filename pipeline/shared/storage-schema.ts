import type { Attribute, ClassId, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { DomainSchema, IndexSchema, StorageSchema } from '../../storage/contract.ts'
import { isStoredDomain } from './stored-domain.ts'
import { constraintsOf } from './unique-constraints.ts'

/** The indexes and searched fields that classes declare, by domain. */
export function storageSchema(hierarchy: Hierarchy): StorageSchema {
  const declared: DomainSchema[] = []
  for (const [domain, classes] of hierarchy.domains()) {
    if (isStoredDomain(domain)) declared.push(domainSchema(hierarchy, domain, classes))
  }
  return { domains: declared.sort((a, b) => (a.domain < b.domain ? -1 : 1)) }
}

function domainSchema(hierarchy: Hierarchy, domain: Domain, classes: readonly ClassId[]): DomainSchema {
  const indexes = new Map<string, IndexSchema>()
  const fullText = new Map<string, string[]>()
  for (const _class of classes) {
    for (const index of indexesOf(hierarchy, _class)) indexes.set(JSON.stringify(index.keys), index)
    for (const attribute of hierarchy.attributes(_class).values()) {
      const path = pathOf(hierarchy, attribute)
      if (attribute.fullText === true) fullText.set(path.join('.'), path)
    }
  }
  const accented = [...hierarchy.accented()].filter((_class) => classes.includes(_class)).sort()
  return {
    domain,
    indexes: [...indexes.values()],
    fullText: [...fullText.values()],
    ...(accented.length === 0 ? {} : { accented }),
  }
}

function indexesOf(hierarchy: Hierarchy, _class: ClassId): IndexSchema[] {
  const single = [...hierarchy.attributes(_class).values()]
    .filter(({ index }) => index === true)
    .map((attribute): IndexSchema => ({ keys: [{ path: pathOf(hierarchy, attribute), order: 1 }] }))
  const compound = (hierarchy.getClass(_class).indexes ?? []).map((keys): IndexSchema => ({
    keys: keys.map(([path, order]) => ({ path: path.split('.'), order })),
  }))
  const unique = constraintsOf(hierarchy, _class).map(({ paths }): IndexSchema => ({
    keys: paths.map((path) => ({ path, order: 1 })),
  }))
  return [...single, ...compound, ...unique]
}

function pathOf(hierarchy: Hierarchy, { attributeOf, name }: Attribute): string[] {
  return hierarchy.isMixin(attributeOf) ? [attributeOf, name] : [name]
}
