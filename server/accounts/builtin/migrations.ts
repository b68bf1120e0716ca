import { foldEmail } from '../../../model/email.ts'
import type { Doc } from '../../../model/documents.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import type { Migration, MigrationContext } from '../../../pipeline/modules/module.ts'
import { creation } from './accounts-store.ts'
import { accounts, type Membership, membershipId, type Person } from './model.ts'

/** Migrations of accounts that an older version stored. */
export function accountsMigrations(now: () => number): readonly Migration[] {
  return [{ name: 'fold-emails', run: async (context) => await foldEmails(context, now()) }]
}

/**
 * People and memberships get the ids of their folded emails. Of several people whose emails have become equal, the
 * oldest one stays. The memberships of the others go to nobody: they are named in the log.
 */
async function foldEmails(context: MigrationContext, now: number): Promise<readonly TxCUD[]> {
  const people = grouped(await context.findAll(accounts.class.Person, {}), ({ email }) => foldEmail(email))
  const memberships = grouped(await context.findAll(accounts.class.Membership, {}), ({ workspace, email }) =>
    membershipId(workspace, foldEmail(email)),
  )
  return [
    ...[...people].flatMap(([id, group]) => foldPeople(context, id, group, now)),
    ...[...memberships].flatMap(([id, group]) => {
      const person = foldEmail(group[0]?.email ?? '')
      return foldMemberships(context, id, group, people.get(person)?.[0])
    }),
  ]
}

function foldPeople(
  { factory, logger }: MigrationContext,
  id: string,
  group: readonly Person[],
  now: number,
): TxCUD[] {
  const [first, ...others] = group
  if (first === undefined || (others.length === 0 && first._id === id)) return []
  const { email, password } = first
  for (const other of others)
    logger.warn(
      { email: other.email, stays: email },
      'an account is removed, whose email differs from that of an older one by case or form only',
    )
  // A token of a removed person names an email that belongs to the other person now.
  const revocations = others.length === 0 ? {} : { tokenVersion: 1, revokedOn: now }
  const attributes = { email, ...(password == null ? {} : { password }), ...revocations }
  const made = creation(factory, accounts.class.Person, id, attributes)
  return [...group.map((each) => factory.remove(each)), { ...made, ...madeAt(first) }]
}

/** @param person the one with the email who stays; `undefined`: nobody registered it */
function foldMemberships(
  { factory, logger }: MigrationContext,
  id: string,
  group: readonly Membership[],
  person: Person | undefined,
): TxCUD[] {
  const stays = person === undefined ? group[0] : group.find(({ email }) => email === person.email)
  for (const { email, workspace, role } of group.filter((each) => each !== stays))
    logger.warn({ email, workspace, role }, 'the membership of a removed account is removed')
  if (stays !== undefined && person === undefined)
    logger.warn(
      { email: stays.email, workspace: stays.workspace, role: stays.role },
      'a member is not registered: an administrator who registers the email keeps the membership, signing up ends it',
    )
  if (stays !== undefined && group.length === 1 && stays._id === id) return []
  const removals = group.map((each) => factory.remove(each))
  if (stays === undefined) return removals
  const { workspace, role } = stays
  const attributes = { workspace, role, email: foldEmail(stays.email) }
  const made = creation(factory, accounts.class.Membership, id, attributes)
  return [...removals, { ...made, ...madeAt(stays) }]
}

/** Groups by key, the oldest item of a key first. */
function grouped<T extends Doc>(docs: readonly T[], keyOf: (doc: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const doc of docs) groups.set(keyOf(doc), [...(groups.get(keyOf(doc)) ?? []), doc])
  for (const group of groups.values())
    group.sort((a, b) => (a.createdOn ?? 0) - (b.createdOn ?? 0) || (a._id < b._id ? -1 : 1))
  return groups
}

function madeAt({ createdOn, createdBy }: Doc): Pick<Doc, 'createdOn' | 'createdBy'> {
  return {
    ...(createdOn === undefined ? {} : { createdOn }),
    ...(createdBy === undefined ? {} : { createdBy }),
  }
}
