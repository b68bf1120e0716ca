import type { Account, Ref } from '../../model/documents.ts'
import type { Tx } from '../../model/transactions.ts'
import type { AccountSet } from './account-set.ts'

/** A transaction to push to sessions, with its `seq` if it is logged. */
export interface Push {
  tx: Tx
  /** The accounts that may receive it; `undefined`: everyone. */
  audience?: Audience | undefined
  seq?: number | undefined
  /** Only for clients that track their log position: an apply-if asked not to notify others. */
  isSilent?: boolean
}

export interface Audience {
  /** Accounts that see all of these spaces. */
  spaces: readonly string[]
  /** Only this account; `null`: only the system and administrators. */
  creator: Ref<Account> | null | undefined
  /** Only these accounts, whatever they see. */
  accounts?: AccountSet
}
