import type { Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'

/** Whether storage keeps documents in the domain: the model and `transient` are in memory, the log is of transactions. */
export function isStoredDomain(domain: Domain): boolean {
  return domain !== domains.model && domain !== domains.tx && domain !== domains.transient
}
