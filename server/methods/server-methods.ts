import type { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import type { Tokens } from '../auth/tokens.ts'
import type { Admission } from '../workspaces/admission.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import { backupMethods } from './backup-methods.ts'
import { coreMethods } from './core-methods.ts'
import { MethodRegistry } from './method-registry.ts'
import { moduleMethods } from './module-methods.ts'
import { sessionMethods } from './session-methods.ts'

/** All methods of a server. @throws AssertionError when two have one name */
export function serverMethods(parts: {
  tokens: Tokens
  modules: InstalledModules | undefined
  admission: Admission
  registry: WorkspaceRegistry
}): MethodRegistry {
  const { tokens, modules, admission, registry } = parts
  return new MethodRegistry([
    coreMethods,
    backupMethods,
    sessionMethods({ admission, registry, verify: (raw) => tokens.verify(raw) }),
    modules === undefined ? [] : moduleMethods(modules),
  ])
}
