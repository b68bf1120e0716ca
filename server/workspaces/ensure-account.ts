import { systemClock } from '../../model/clock.ts'
import type { Account, AccountRole, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCreateDoc } from '../../model/transactions.ts'
import { type Caller, systemCaller } from '../../pipeline/caller.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import { SYSTEM_EMAIL, type Token } from '../tokens.ts'

/** Who the bearer of the token is in this workspace; an account is made when the accounts service gives a role. */
export async function callerOf(
  pipeline: Pipeline,
  token: Token,
  role: AccountRole | undefined,
): Promise<Caller> {
  if (token.email === SYSTEM_EMAIL) return systemCaller
  const account = await accountOf(pipeline, token, token.admin ? (role ?? 'OWNER') : role)
  if (account !== undefined) {
    const { _id, email } = account
    const system = token.mode !== 'user'
    return { account: _id as Ref<Account>, email, role: account.role, admin: token.admin, system }
  }
  if (token.mode !== 'user') return { ...systemCaller, email: token.email, admin: token.admin }
  return { account: '' as Ref<Account>, email: token.email, role: 'GUEST', system: false, admin: token.admin }
}

async function accountOf(
  pipeline: Pipeline,
  { email, mode }: Token,
  role: AccountRole | undefined,
): Promise<Account | undefined> {
  if (role === undefined || mode !== 'user') return pipeline.model.accountOf(email)
  return await ensureAccount(pipeline, email, role)
}

/** The account of an email, made when there is none. */
export async function ensureAccount(pipeline: Pipeline, email: string, role: AccountRole): Promise<Account> {
  const found = pipeline.model.accountOf(email)
  if (found !== undefined) return found
  await pipeline.tx(systemCaller, createAccount(pipeline, email, role)).catch(ignoreExisting)
  const made = pipeline.model.accountOf(email)
  if (made === undefined) throw new StatusError('platform:status:AccountNotFound', { email })
  return made
}

/** The id comes from the email, so that two sessions that enter at once make one account. */
function createAccount(pipeline: Pipeline, email: string, role: AccountRole): TxCreateDoc {
  return {
    _id: pipeline.generateId() as TxCreateDoc['_id'],
    _class: core.class.TxCreateDoc,
    space: core.space.Tx,
    objectId: accountId(email),
    objectClass: core.class.Account,
    objectSpace: core.space.Model,
    modifiedBy: core.account.System,
    modifiedOn: systemClock.now(),
    attributes: { email, role },
  }
}

export function accountId(email: string): Ref<Account> {
  return `account:${email}` as Ref<Account>
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof StatusError && error.status.code === 'core:status:ObjectExists')) throw error
}
