import type { Account, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { type TxWorkspaceEvent, WorkspaceEvent } from '../../model/transactions.ts'
import type { CommitBatch } from '../storage/contract.ts'
import type { Push } from '../push.ts'
import type { Workspace } from '../workspace.ts'

/**
 * Takes in what a commit did to spaces. Who gains or loses sight of one is told to ask again for what he
 * shows.
 */
export function securityEvents(workspace: Workspace, { puts, removes }: CommitBatch): Push[] {
  const affected = new Set<Ref<Account>>()
  const { permissions } = workspace
  for (const { doc } of puts) {
    if (!permissions.isSpace(doc)) continue
    for (const account of permissions.spaceChanged(doc._id, doc as Space)) affected.add(account)
  }
  for (const { id } of removes) {
    for (const account of permissions.spaceChanged(id, undefined)) affected.add(account)
  }
  return affected.size === 0 ? [] : [securityPush(workspace, affected)]
}

/** Tells these accounts that what they may see has changed. */
export function securityPush(workspace: Workspace, accounts: ReadonlySet<Ref<Account>>): Push {
  return { tx: securityChange(workspace), audience: { spaces: [], creator: undefined, accounts } }
}

function securityChange({ clock, generateId }: Workspace): TxWorkspaceEvent {
  return {
    _id: generateId() as TxWorkspaceEvent['_id'],
    _class: core.class.TxWorkspaceEvent,
    space: core.space.DerivedTx,
    objectSpace: core.space.DerivedTx,
    modifiedBy: core.account.System,
    modifiedOn: clock.now(),
    event: WorkspaceEvent.SecurityChange,
    params: {},
  }
}
