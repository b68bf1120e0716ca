import type { Space, Unchecked } from '../../model/documents.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import { forbidden, isMaintainer } from './role.ts'
import { membersOf, ownersOf } from './space-index.ts'
import type { Writer } from './writer.ts'

/**
 * Owners of a space, and maintainers who see it, manage it. Everyone else who sees it may change other fields, add
 * members and leave.
 */
export function decideSpace({ account, role }: Writer, { before, after }: DocumentChange): void {
  if (before === undefined) return
  const was: Unchecked<Space> = before
  if (ownersOf(was).includes(account) || isMaintainer(role)) return
  if (after === undefined) throw forbidden('only owners of the space and maintainers remove it')
  const is: Unchecked<Space> = after
  for (const field of ['private', 'archived', 'owners', 'space'] as const)
    if (JSON.stringify(was[field]) !== JSON.stringify(is[field]))
      throw forbidden(`only owners of the space and maintainers change its ${field}`)
  const staying = new Set(membersOf(is))
  if (membersOf(was).some((member) => member !== account && !staying.has(member)))
    throw forbidden('only owners of the space and maintainers remove members')
}
