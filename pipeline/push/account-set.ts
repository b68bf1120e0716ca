import type { Account, Ref } from '../../model/documents.ts'

/** A set of accounts, or the complement of one, which includes unknown accounts. */
export interface AccountSet {
  readonly isAllBut: boolean
  readonly accounts: ReadonlySet<Ref<Account>>
}

export const nobody: AccountSet = { isAllBut: false, accounts: new Set() }
export const everybody: AccountSet = { isAllBut: true, accounts: new Set() }

export function accountsOf(accounts: Iterable<Ref<Account>>): AccountSet {
  return { isAllBut: false, accounts: new Set(accounts) }
}

export function includes({ isAllBut, accounts }: AccountSet, account: Ref<Account>): boolean {
  return accounts.has(account) !== isAllBut
}

export function isEmpty({ isAllBut, accounts }: AccountSet): boolean {
  return !isAllBut && accounts.size === 0
}

/** Accounts in exactly one of the sets. */
export function inOneOnly(a: AccountSet, b: AccountSet): AccountSet {
  const differing = new Set(
    [...a.accounts, ...b.accounts].filter((each) => a.accounts.has(each) !== b.accounts.has(each)),
  )
  return { isAllBut: a.isAllBut !== b.isAllBut, accounts: differing }
}

export function union(a: AccountSet, b: AccountSet): AccountSet {
  if (!a.isAllBut && !b.isAllBut) return accountsOf([...a.accounts, ...b.accounts])
  const excepted = [...(a.isAllBut ? a : b).accounts].filter(
    (each) => !includes(a, each) && !includes(b, each),
  )
  return { isAllBut: true, accounts: new Set(excepted) }
}
