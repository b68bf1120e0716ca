import type { Account, AccountRole, Ref } from '../model/documents.ts'

/** On whose behalf a request runs. */
export interface Caller {
  account: Ref<Account>
  email: string
  role: AccountRole
  /** The system account, and upgrade tools that act for it. */
  system: boolean
  /** An administrator of the server. */
  admin: boolean
}
