import type { Account, Ref } from '../model/documents.ts'
import type { Tx } from '../model/transactions.ts'

/** A transaction to be pushed to sessions, with its place in the log if it has one. */
export interface Push {
  tx: Tx
  /** Who may hear of it; `undefined`: everyone. */
  audience?: Audience | undefined
  seq?: number | undefined
}

export interface Audience {
  /** Private spaces: only who sees all of them. */
  spaces: readonly string[]
  /** Only this account. */
  creator: Ref<Account> | undefined
  /** Only these accounts, whatever they see. */
  accounts?: ReadonlySet<Ref<Account>>
}
