import { type Account, AccountRole, type Unchecked } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Caller } from '../shared/caller.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'

const ranks: readonly string[] = [
  AccountRole.Guest,
  AccountRole.User,
  AccountRole.Maintainer,
  AccountRole.Owner,
]

/** 0 for a guest to 3 for an owner; -1 if this is not a role. */
export function rankOf(role: string | undefined): number {
  return role === undefined ? -1 : ranks.indexOf(role)
}

export function isMaintainer(role: string | undefined): boolean {
  return rankOf(role) >= rankOf(AccountRole.Maintainer)
}

/**
 * The current role of the caller, not that at the start of its session.
 * @throws StatusError if the caller may not write: Forbidden for a guest or without an account, WorkspaceBroken while
 *   the model is broken
 */
export function writerRole(
  { model, flaws }: { model: WorkspaceModel; flaws: readonly string[] },
  caller: Caller,
): AccountRole {
  const account: Unchecked<Account> | undefined = model.get(caller.account)
  const role = account?.role ?? AccountRole.Guest
  if (rankOf(role) <= rankOf(AccountRole.Guest)) throw forbidden('guests must not write')
  if (flaws.length > 0)
    throw new StatusError('platform:status:WorkspaceBroken', { message: flaws.join('; ') })
  return role
}

export function forbidden(message: string): StatusError {
  return new StatusError('platform:status:Forbidden', { message })
}

/** Does not reveal whether the document is absent or hidden from the caller. */
export function notFound(_id: string): StatusError {
  return new StatusError('core:status:ObjectNotFound', { _id })
}
