import type { Account, AccountRole, Ref } from '../../model/documents.ts'
import type { SeesSpace } from './permissions.ts'

/** The account that writes, and the spaces that it sees after the commit. */
export interface Writer {
  account: Ref<Account>
  role: AccountRole
  seesSpace: SeesSpace
  /** Who changes classes of the application at run time. */
  modelChanges: 'maintainers' | 'nobody'
}
