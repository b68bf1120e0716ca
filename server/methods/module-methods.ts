import type { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { takeParams } from '../../protocol/take-params.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import type { Method } from './core-methods.ts'

/** A method that a module brings, under its full name: looked up among those declared, and nowhere else. */
export function serviceMethodOf({ methods }: InstalledModules, name: string): Method | undefined {
  const found = methods.get(name)
  if (found === undefined) return undefined
  return {
    kind: 'other',
    run: async ({ pipeline, caller }, params) => {
      return await found.run(pipeline.moduleContextFor(caller), parseParams(found.params, takeParams(params)))
    },
  }
}
