import type { Account, Ref } from '../../model/documents.ts'
import type { Tx } from '../../model/transactions.ts'
import type { AccountSet } from './account-set.ts'

/** A transaction to be pushed to sessions, with its place in the log if it has one. */
export interface Push {
  tx: Tx
  /** Who may hear of it; `undefined`: everyone. */
  audience?: Audience | undefined
  seq?: number | undefined
  /** For those alone who keep a place in the log: an apply-if told nobody else of it. */
  isSilent?: boolean
}

export interface Audience {
  /** Only who sees all of these spaces. */
  spaces: readonly string[]
  /** Only this account; `null`: nobody but the system and administrators. */
  creator: Ref<Account> | null | undefined
  /** Only these accounts, whatever they see. */
  accounts?: AccountSet
}
