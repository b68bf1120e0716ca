import type { Account, AccountRole, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'

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

/** On whose behalf the server itself acts. */
export const systemCaller: Caller = {
  account: core.account.System,
  email: 'system',
  role: 'OWNER',
  system: true,
  admin: true,
}
