import type { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { runInModule } from '../../pipeline/modules/run-in-module.ts'
import { StatusError } from '../../model/status.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import { takeParams } from '../../protocol/take-params.ts'
import type { MethodTable } from './method.ts'

/** The methods that modules declare, under their full names. */
export function moduleMethods({ methods }: Pick<InstalledModules, 'methods'>): MethodTable {
  return [...methods].map(([name, declared]) => [
    name,
    {
      kind: 'other',
      run: async ({ pipeline, caller }, params) => {
        const [module = '', method = ''] = name.split('.')
        if (!pipeline.isModuleOn(module))
          throw new StatusError('platform:status:UnknownMethod', { method: name })
        const origin = {
          module,
          kind: 'method',
          name: method,
          workspace: pipeline.id,
          caller: caller.account,
        } as const
        const taken = parseParams(declared.params, takeParams(params))
        return await runInModule(origin, () => declared.run(pipeline.moduleContextFor(caller), taken))
      },
    },
  ])
}
