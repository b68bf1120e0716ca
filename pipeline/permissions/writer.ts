import type { Account, AccountRole, Ref } from '../../model/documents.ts'
import type { SeesSpace } from './permissions.ts'

/** Who writes, and what the commit leaves to be seen. */
export interface Writer {
  account: Ref<Account>
  role: AccountRole
  seesSpace: SeesSpace
  /** Who changes classes of the application at run time. */
  modelChanges: 'maintainers' | 'nobody'
}
