import type { Account, AccountRole, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'

/** The account on whose behalf a request runs. */
export interface Caller {
  account: Ref<Account>
  email: string
  role: AccountRole
  /** The system account, or an upgrade tool on its behalf. */
  system: boolean
  /** An administrator of the server. */
  admin: boolean
}

/** The server itself. */
export const systemCaller: Caller = {
  account: core.account.System,
  email: 'system',
  role: 'OWNER',
  system: true,
  admin: true,
}
