import { type Account, AccountRole, type Doc, type Unchecked } from '../../model/documents.ts'
import { foldEmail } from '../../model/email.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { forbidden, isMaintainer, rankOf } from './role.ts'
import type { Writer } from './writer.ts'

/**
 * Only the accounts service creates and removes accounts and changes emails, which identify people. Owners and
 * maintainers change roles up to their own. The person of an account may change all other fields too.
 */
export function decideAccount(writer: Writer, { before, after }: DocumentChange): void {
  const [was, is]: (Unchecked<Account> | undefined)[] = [before, after]
  if (was === undefined || is === undefined)
    throw forbidden('the accounts service makes and removes accounts')
  if (was.email !== is.email) throw forbidden('only the accounts service changes emails')
  const highest = Math.max(rankOf(was.role), rankOf(is.role))
  const isAbove = isMaintainer(writer.role) && rankOf(writer.role) >= highest
  if (isAbove || (was._id === writer.account && was.role === is.role)) return
  throw forbidden('only owners and maintainers change accounts, up to their own role')
}

/**
 * Checks an account, whoever changes it: it has a known role, and no other account has its email.
 * @param staged documents of the model that are about to be committed
 * @throws StatusError InvalidAttribute, AccountExists
 */
export function checkAccount(
  model: WorkspaceModel,
  staged: readonly Doc[],
  { before, after }: DocumentChange,
): void {
  if (after === undefined) return
  const { _id, _class, email, role }: Unchecked<Account> = after
  const previous: Unchecked<Account> | undefined = before
  const wrong = (attribute: string, expected: string) =>
    new StatusError('core:status:InvalidAttribute', { _class, attribute, expected })
  if (typeof email !== 'string' || email === '') throw wrong('email', 'a string')
  if (rankOf(role) === -1) throw wrong('role', Object.values(AccountRole).join(', '))
  if (previous?.email === email) return
  const folded = foldEmail(email)
  const isSame = (other: Unchecked<Account>) =>
    other._id !== _id && typeof other.email === 'string' && foldEmail(other.email) === folded
  const known = model.accountOf(email)
  if ((known !== undefined && isSame(known)) || staged.some(isSame))
    throw new StatusError('platform:status:AccountExists', { email })
}
