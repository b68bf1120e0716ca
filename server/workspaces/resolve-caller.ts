import { brand } from '../../model/brand.ts'
import { foldEmail } from '../../model/email.ts'
import type { Account, AccountRole, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCreateDoc, TxCUD, TxUpdateDoc } from '../../model/transactions.ts'
import { type Caller, systemCaller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { WorkspaceInfo } from '../accounts/accounts-client.ts'
import { SYSTEM_EMAIL, type Token } from '../auth/tokens.ts'

/**
 * The caller that a token stands for in this workspace. When the accounts service returns a role, the account is created
 * and its role updated as necessary.
 */
export async function callerOf(
  pipeline: Pipeline,
  token: Token,
  info: Pick<WorkspaceInfo, 'role' | 'initialRole'>,
): Promise<Caller> {
  const { email, admin } = token
  if (email === SYSTEM_EMAIL) return systemCaller
  const account = await accountFor(pipeline, token, info)
  if (account !== undefined) {
    const system = token.mode !== 'user'
    return {
      account: brand<Account>(account._id),
      email: account.email,
      // The role may change while the session is open.
      get role() {
        return (pipeline.model.get(account._id) as Account | undefined)?.role ?? 'GUEST'
      },
      admin,
      system,
    }
  }
  if (token.mode !== 'user') return { ...systemCaller, email, admin }
  return { account: '' as Ref<Account>, email, role: 'GUEST', system: false, admin }
}

async function accountFor(
  pipeline: Pipeline,
  { email, mode, admin }: Token,
  { role, initialRole }: Pick<WorkspaceInfo, 'role' | 'initialRole'>,
): Promise<Account | undefined> {
  if (mode !== 'user') return pipeline.model.accountOf(email)
  if (role != null) return await giveRole(pipeline, email, role)
  const initial = initialRole ?? (admin ? 'OWNER' : undefined)
  return initial === undefined
    ? pipeline.model.accountOf(email)
    : await ensureAccount(pipeline, email, initial)
}

/** The account of an email, which is created when there is none. */
export async function ensureAccount(pipeline: Pipeline, email: string, role: AccountRole): Promise<Account> {
  const found = pipeline.model.accountOf(email)
  if (found !== undefined) return found
  await pipeline.tx(systemCaller, createAccount(pipeline, email, role)).catch(ignoreExisting)
  const made = pipeline.model.accountOf(email)
  if (made === undefined) throw new StatusError('platform:status:AccountNotFound', { email })
  return made
}

/** The account of an email, with the given role. */
async function giveRole(pipeline: Pipeline, email: string, role: AccountRole): Promise<Account> {
  const account = await ensureAccount(pipeline, email, role)
  await changeRole(pipeline, account, role)
  return account
}

/** Applies from the next transaction on, also in open sessions. */
export async function changeRole(pipeline: Pipeline, account: Account, role: AccountRole): Promise<void> {
  if (account.role === role) return
  const tx: TxUpdateDoc = {
    ...change(pipeline, brand<Account>(account._id)),
    _class: core.class.TxUpdateDoc,
    objectClass: account._class,
    operations: { role },
  }
  await pipeline.tx(systemCaller, tx)
}

/** The id is derived from the email, so two sessions that enter at once create one account. */
function createAccount(pipeline: Pipeline, email: string, role: AccountRole): TxCreateDoc {
  return {
    ...change(pipeline, accountId(email)),
    _class: core.class.TxCreateDoc,
    attributes: { email, role },
  }
}

function change(pipeline: Pipeline, account: Ref<Account>): Omit<TxCUD, '_class'> {
  return {
    _id: pipeline.generateId(),
    space: core.space.Tx,
    objectId: account,
    objectClass: core.class.Account,
    objectSpace: core.space.Model,
    modifiedBy: core.account.System,
    modifiedOn: pipeline.clock.now(),
  }
}

export function accountId(email: string): Ref<Account> {
  return brand(`account:${foldEmail(email)}`)
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof StatusError && error.status.code === 'core:status:ObjectExists')) throw error
}
