import type { Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'

/**
 * Whether storage contains documents of the domain. The model and `transient` are in memory, and the log contains
 * transactions.
 */
export function isStoredDomain(domain: Domain): boolean {
  return domain !== domains.model && domain !== domains.tx && domain !== domains.transient
}
