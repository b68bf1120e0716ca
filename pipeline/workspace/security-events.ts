import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { WorkspaceEvent } from '../../model/transactions.ts'
import type { CommitBatch } from '../../storage/contract.ts'
import type { Push } from '../push/push.ts'
import type { Workspace } from './workspace.ts'
import { workspaceEvent } from '../push/workspace-event.ts'
import { type AccountSet, everybody, isEmpty, nobody, union } from '../push/account-set.ts'

/**
 * Updates the spaces that a commit changed. The domain and the class of the stored document tell which documents are
 * spaces. Accounts that gain or lose access are told to reload.
 */
export function securityEvents(workspace: Workspace, { puts, removes }: CommitBatch): Push[] {
  let affected = nobody
  const { permissions } = workspace
  const spaceDomains = permissions.spaceDomains()
  for (const { domain, doc } of puts) {
    if (!spaceDomains.has(domain) || !permissions.isSpace(domain, doc)) continue
    affected = union(affected, permissions.spaceChanged(domain, doc._id, doc))
    // The system may have created documents in it before.
    if (isMadeBySystem(doc)) affected = everybody
  }
  for (const { domain, id } of removes) {
    if (!spaceDomains.has(domain)) continue
    affected = union(affected, permissions.spaceChanged(domain, id, undefined))
  }
  return isEmpty(affected) ? [] : [securityPush(workspace, affected)]
}

function isMadeBySystem({ createdBy, createdOn, modifiedBy, modifiedOn }: Doc): boolean {
  return createdBy === core.account.System && modifiedBy === createdBy && modifiedOn === createdOn
}

/** Tells these accounts that their visibility has changed. */
export function securityPush(workspace: Workspace, accounts: AccountSet): Push {
  const { clock, generateId } = workspace
  const tx = workspaceEvent({ generateId, now: clock.now }, WorkspaceEvent.SecurityChange, {})
  return { tx, audience: { spaces: [], creator: undefined, accounts } }
}
