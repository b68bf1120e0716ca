import type { DomainSchema, StorageSchema } from '../contract.ts'

/** The union of the declarations. */
export function mergeSchemas(kept: StorageSchema, declared: StorageSchema): StorageSchema {
  const byDomain = new Map(kept.domains.map((domain) => [domain.domain, domain]))
  for (const domain of declared.domains)
    byDomain.set(domain.domain, mergeDomains(byDomain.get(domain.domain), domain))
  return { domains: [...byDomain.values()] }
}

function mergeDomains(kept: DomainSchema | undefined, declared: DomainSchema): DomainSchema {
  if (kept === undefined) return declared
  const accented = distinct([...(kept.accented ?? []), ...(declared.accented ?? [])])
  return {
    domain: declared.domain,
    indexes: distinct([...kept.indexes, ...declared.indexes]),
    fullText: distinct([...kept.fullText, ...declared.fullText]),
    ...(accented.length === 0 ? {} : { accented }),
  }
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
}
