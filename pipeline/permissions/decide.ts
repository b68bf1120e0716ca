import type { Doc, Domain, Unchecked, UserStatus } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains, pluginOf, serverPlugins } from '../../model/identifiers.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { decideModel } from './model-rights.ts'
import type { Permissions } from './permissions.ts'
import { type Settings, settingsState } from '../modules/settings-state.ts'
import { forbidden, isMaintainer, notFound } from './role.ts'
import { decideSpace } from './space-rights.ts'
import type { Writer } from './writer.ts'

export interface Decision extends DocumentChange {
  domain: Domain
  hierarchy: Hierarchy
  permissions: Permissions
  model: WorkspaceModel
}

/** Prefixes of the ids of documents that the server creates. */
const serverIds: ReadonlySet<string> = new Set([...serverPlugins, 'account', 'trigger', 'migration'])

/**
 * Whether a person may make this change. The decision depends on the document before and after the change and on the
 * person, and not on the transaction. The document was visible before, or absent.
 * @throws StatusError Forbidden, or ObjectNotFound for a space that is not visible
 */
export function decide(writer: Writer, decision: Decision): void {
  const { before, after, domain, hierarchy, permissions } = decision
  const doc = after ?? before
  if (doc === undefined) return
  if (before === undefined) checkNew(doc, decision)
  else if (after !== undefined) checkHeader(before, after)
  if (after !== undefined && after.space !== before?.space && !writer.seesSpace(after.space))
    throw notFound(after.space)
  if (doc._class === settingsState.class.Settings) return decideSettings(writer, decision)
  if (pluginOf(doc._class) === 'module') throw forbidden('only the server changes the state of modules')
  if (hierarchy.isDerived(doc._class, core.class.UserStatus)) checkStatus(writer, decision)
  if (domain === domains.model) decideModel(writer, hierarchy, decision)
  else if (permissions.isSpace(domain, doc)) decideSpace(writer, decision)
}

/** The server creates the settings of a module. */
function decideSettings({ role }: Writer, { before, after }: Decision): void {
  const both: (Unchecked<Settings> | undefined)[] = [before, after]
  const [was, is] = both
  if (was === undefined || is === undefined || was.module !== is.module || was.space !== is.space)
    throw forbidden('the settings of a module are changed, not created, moved or removed')
  if (!isMaintainer(role)) throw forbidden('only maintainers and owners change the settings of modules')
}

/** In the model, names of modules are reserved too: a later version of a module may declare that id. */
function checkNew({ _id }: Doc, { domain, model }: Decision): void {
  const plugin = pluginOf(_id)
  if (plugin === _id) return
  if (!serverIds.has(plugin) && !(domain === domains.model && model.reservedPlugins().has(plugin))) return
  throw forbidden(`ids with the prefix ${plugin}: are reserved for the server and its modules`)
}

function checkHeader(before: Doc, after: Doc): void {
  if (before.createdBy === after.createdBy && before.createdOn === after.createdOn) return
  throw forbidden('createdBy and createdOn are immutable')
}

function checkStatus({ account }: Writer, { before, after }: Decision): void {
  const both: (Unchecked<UserStatus> | undefined)[] = [before, after]
  for (const status of both)
    if (status !== undefined && status.user !== account)
      throw forbidden('the status belongs to another account')
}
