import type { Account, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx, TxCollectionCUD, TxCreateDoc, TxCUD, TxUpdateDoc } from '../../model/transactions.ts'
import type { Caller } from '../caller.ts'
import type { Workspace } from '../workspace.ts'
import { seesEverything } from './permissions.ts'

/** Fields of a space that decide who sees it. */
const deciding = ['private', 'members']

/**
 * Whether a transaction of the log is for the caller, as its push was; `unclear` when it is one that may have changed
 * what he sees, or when the log alone can't tell.
 */
export type Sight = 'seen' | 'hidden' | 'unclear'

export async function sightOf(workspace: Workspace, caller: Caller, tx: Tx): Promise<Sight> {
  if (seesEverything(caller)) return 'seen'
  const change = documentChange(tx)
  if (changesSight(workspace, caller.account, change)) return 'unclear'
  const { permissions } = workspace
  if (permissions.isForCreator(change.objectClass)) return await creatorsSight(workspace, caller, change)
  const audience = permissions.audienceOfLogged(tx)
  return audience === undefined || permissions.mayReceive(caller, audience) ? 'seen' : 'hidden'
}

/** What is done to the document itself. */
function documentChange(tx: Tx): TxCUD {
  return tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : (tx as TxCUD)
}

function changesSight(workspace: Workspace, account: Ref<Account>, change: TxCUD): boolean {
  const { permissions, model } = workspace
  const { operations } = change as TxUpdateDoc
  const target: unknown = operations?.space
  if (typeof target === 'string' && target !== change.objectSpace)
    return permissions.isHidden(change.objectSpace, account) !== permissions.isHidden(target, account)
  return model.hierarchy.isDerived(change.objectClass, core.class.Space) && changesSpace(change)
}

function changesSpace(change: TxCUD): boolean {
  switch (change._class) {
    case core.class.TxCreateDoc:
      return (change as TxCreateDoc).attributes['private'] === true
    case core.class.TxUpdateDoc:
      return deciding.some((field) => names((change as TxUpdateDoc).operations, field))
    default:
      return change._class === core.class.TxRemoveDoc
  }
}

/** Whether the operations touch the field, directly or by an operator. */
function names(operations: object, field: string): boolean {
  return Object.entries(operations).some(
    ([key, value]) =>
      key.split('.')[0] === field || (key.startsWith('$') && names((value ?? {}) as object, field)),
  )
}

async function creatorsSight(workspace: Workspace, caller: Caller, change: TxCUD): Promise<Sight> {
  const creator = await creatorOf(workspace, change)
  if (creator === undefined) return 'unclear'
  return creator === caller.account ? 'seen' : 'hidden'
}

async function creatorOf({ model, storage }: Workspace, change: TxCUD): Promise<string | undefined> {
  if (change._class === core.class.TxCreateDoc) return (change as TxCreateDoc).createdBy ?? change.modifiedBy
  const domain = model.hierarchy.domainOf(change.objectClass)
  const [doc] = domain === undefined ? [] : await storage.get(domain, [change.objectId])
  return doc?.createdBy
}
