import { type Account, AccountRole, type Ref, type Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { takeOver } from '../modules/module-values.ts'
import type { Acting } from '../modules/context.ts'
import { outsideModule } from '../modules/run-in-module.ts'
import { type Caller, systemCaller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { atomic, moduleContextFor } from './module-context.ts'

export interface ActingOptions {
  workspace: Workspace
  handlers: Handlers
  caller: Caller
  /** Names the commits, in order: one that is sent again under the same name is committed once. */
  nameOf: (commit: number) => string
}

/** What a module uses to act on behalf of an account. */
export function actingAs({ workspace, handlers, caller, nameOf }: ActingOptions): Acting {
  const { factory, findAll } = moduleContextFor(workspace, handlers, caller)
  let commits = 0
  return {
    factory,
    findAll,
    get: async (_class, _id) => (await findAll(_class, { _id }, { limit: 1 }))[0],
    commit: async (txes) => {
      if (txes.length === 0) return
      const tx = atomic(workspace, txes.map(takeOver), caller, nameOf(commits++))
      await outsideModule(() => handlers.tx(caller, tx))
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
