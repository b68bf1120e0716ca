import type { Class, Unchecked } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains, pluginOf, serverPlugins } from '../../model/identifiers.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import { isDeclaration } from '../../model/workspace-model.ts'
import { decideAccount } from './account-rights.ts'
import { forbidden, isMaintainer } from './role.ts'
import type { Writer } from './writer.ts'

/** Domains in which only the server creates documents. */
const serverDomains: ReadonlySet<unknown> = new Set([domains.tx, domains.space, 'module'])

/**
 * Permissions for documents of the model. Owners and maintainers change declarations of the application and documents
 * of the server's own classes. Every writer changes other documents.
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
    throw forbidden('only owners and maintainers change the model')
  checkDomain(change.after)
}

function checkDomain(after: Unchecked<Class> | undefined): void {
  const domain = after?.domain
  if (serverDomains.has(domain)) throw forbidden(`the domain ${String(domain)} is reserved for the server`)
}
