import { type InstalledModules, moduleOf } from '../../pipeline/modules/installed-modules.ts'
import { StatusError } from '../../model/status.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import { takeParams } from '../../protocol/take-params.ts'
import type { MethodTable } from './method.ts'

/** The methods that modules declare, under their full names. */
export function moduleMethods({ methods }: Pick<InstalledModules, 'methods'>): MethodTable {
  return [...methods].map(([name, method]) => [
    name,
    {
      kind: 'other',
      run: async ({ pipeline, caller }, params) => {
        if (!pipeline.isModuleOn(moduleOf(name)))
          throw new StatusError('platform:status:UnknownMethod', { method: name })
        return await method.run(
          pipeline.moduleContextFor(caller),
          parseParams(method.params, takeParams(params)),
        )
      },
    },
  ])
}
