import type { OpenOptions } from '../../../pipeline/workspace-parts.ts'
import { InstalledModules } from '../../../pipeline/modules/installed-modules.ts'
import { modelOf } from '../../modules/load-modules.ts'
import { RESERVED_PREFIX } from '../../auth/tokens.ts'
import { accountsMigrations } from './migrations.ts'
import { accountsModel } from './model.ts'

/** The options to open the workspace of the accounts service. */
export function accountsWorkspace(
  now: () => number,
): Required<Pick<OpenOptions, 'id' | 'base' | 'modules' | 'committed'>> {
  const module = { name: 'accounts', model: accountsModel, migrations: accountsMigrations(now) }
  return {
    id: `${RESERVED_PREFIX}accounts`,
    base: modelOf([module]),
    modules: new InstalledModules([module]),
    committed: () => undefined,
  }
}
