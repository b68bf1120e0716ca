import type { ModuleChecks } from '../../pipeline/modules/module-values.ts'

/** What happens to values that modules get, where no option says so. The client’s `freeze` has the same rule. */
export function defaultModuleChecks({ NODE_ENV }: NodeJS.ProcessEnv): ModuleChecks {
  return NODE_ENV === undefined || NODE_ENV === 'production' ? 'copy' : 'freeze'
}
