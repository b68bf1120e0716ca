import { brand } from '../../model/brand.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'

/**
 * A document that the server keeps beside the log, to be written by `upload`. Its domain is that of no class, so tools
 * that read or restore the domains of the model do not reach it.
 * @param now milliseconds since the epoch
 */
export function unloggedDocument<T extends object>(
  domain: Domain,
  id: string,
  now: number,
  fields: T,
): Doc & T {
  return {
    _id: brand(id),
    _class: brand(domain),
    space: core.space.Space,
    modifiedBy: core.account.System,
    modifiedOn: now,
    ...fields,
  }
}
