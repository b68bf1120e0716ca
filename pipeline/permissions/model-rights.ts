import type { Class, Unchecked } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains, pluginOf, serverPlugins } from '../../model/identifiers.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import { isDeclaration } from '../../model/workspace-model.ts'
import { decideAccount } from './account-rights.ts'
import { forbidden, isMaintainer } from './role.ts'
import type { Writer } from './writer.ts'

/** Domains that only the server puts documents into. */
const serverDomains: ReadonlySet<unknown> = new Set([domains.tx, domains.space, 'module'])

/**
 * Documents of the model. Classes, mixins, attributes and enums of the application, and documents of the server's own
 * classes, are changed by owners and maintainers; other documents there by all who write.
 */
export function decideModel(writer: Writer, hierarchy: Hierarchy, change: DocumentChange): void {
  const shape = change.after ?? change.before
  if (shape === undefined) return
  if (hierarchy.isDerived(shape._class, core.class.Account)) {
    decideAccount(writer, change)
    return
  }
  if (!isDeclaration(shape) && !serverPlugins.has(pluginOf(shape._class))) return
  if (!isMaintainer(writer.role) || writer.modelChanges === 'nobody')
    throw forbidden('owners and maintainers change the model')
  checkDomain(change.after)
}

function checkDomain(after: Unchecked<Class> | undefined): void {
  const domain = after?.domain
  if (serverDomains.has(domain)) throw forbidden(`the domain ${String(domain)} is the server's`)
}
