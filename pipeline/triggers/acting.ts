import { type Account, AccountRole, type Ref, type Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { takeOver } from '../modules/module-values.ts'
import type { TxApplyIf } from '../../model/transactions.ts'
import type { Acting } from '../modules/context.ts'
import { type Caller, systemCaller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { atomic, moduleContextFor } from './module-context.ts'

export interface ActingOptions {
  workspace: Workspace
  handlers: Handlers
  caller: Caller
  /** Commits under an id that it gives: one that is sent again under the same id is committed once. */
  send: (make: (_id: string) => TxApplyIf) => Promise<unknown>
}

/** What a module uses to act on behalf of an account. */
export function actingAs({ workspace, handlers, caller, send }: ActingOptions): Acting {
  const { factory, findAll } = moduleContextFor(workspace, handlers, caller)
  return {
    factory,
    findAll,
    get: async (_class, _id) => (await findAll(_class, { _id }, { limit: 1 }))[0],
    commit: async (txes) => {
      if (txes.length === 0) return
      const own = txes.map(takeOver)
      await send((_id) => atomic(workspace, own, caller, _id))
    },
  }
}

/** An account as it is now: with its current role, and as a guest if it is gone. */
export function callerOf({ model }: Pick<Workspace, 'model'>, account: Ref<Account>): Caller {
  if (account === core.account.System) return systemCaller
  const found: Unchecked<Account> | undefined = model.get(account)
  const { email = '', role = AccountRole.Guest } = found ?? {}
  return { account, email, role, system: false, admin: false }
}
