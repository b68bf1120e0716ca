import { type Account, AccountRole } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import type { Writer } from './decide.ts'
import { forbidden, isMaintainer, rankOf } from './role.ts'

/**
 * A role is given and taken by owners and maintainers, up to their own; an email, which is who somebody is, changes
 * only through the accounts service; all else of an account is changed by its person too.
 */
export function decideAccount(writer: Writer, { before, after }: DocumentChange): void {
  const [was, is] = [before as Account | undefined, after as Account | undefined]
  const highest = Math.max(rankOf(was?.role ?? ''), rankOf(is?.role ?? ''))
  const isAbove = isMaintainer(writer.role) && rankOf(writer.role) >= highest
  if (was !== undefined && is !== undefined) {
    if (was.email !== is.email) throw forbidden('an email changes only through the accounts service')
    const isOwn = was._id === writer.account && was.role === is.role
    if (isOwn || isAbove) return
  } else if (isAbove) return
  throw forbidden('owners and maintainers change accounts, none above their own role')
}

/**
 * What makes a document an account, whoever makes it: a role there is, an email nobody else has.
 * @throws StatusError InvalidAttribute, AccountExists
 */
export function checkAccount(model: WorkspaceModel, { before, after }: DocumentChange): void {
  if (after === undefined) return
  const { _id, _class, email, role } = after as Account
  const wrong = (attribute: string, expected: string) =>
    new StatusError('core:status:InvalidAttribute', { _class, attribute, expected })
  if (typeof email !== 'string' || email === '') throw wrong('email', 'a string')
  if (rankOf(role) === -1) throw wrong('role', Object.values(AccountRole).join(', '))
  if ((before as Account | undefined)?.email === email) return
  const known = model.accountOf(email)
  if (known !== undefined && known._id !== _id)
    throw new StatusError('platform:status:AccountExists', { email })
}
