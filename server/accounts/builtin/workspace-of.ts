import { StatusError } from '../../../model/status.ts'
import type { AccountsStore } from './accounts-store.ts'
import { accounts, type Workspace } from './model.ts'

/** @throws StatusError `platform:status:WorkspaceNotFound` */
export async function workspaceOf(store: AccountsStore, id: string): Promise<Workspace> {
  const workspace = await store.get(accounts.class.Workspace, id)
  if (workspace === undefined) throw new StatusError('platform:status:WorkspaceNotFound', { workspace: id })
  return workspace
}
