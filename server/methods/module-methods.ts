import assert from 'node:assert'
import type { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import type { ServiceMethod } from '../../pipeline/modules/module.ts'
import { moduleOf } from '../../pipeline/modules/installed-modules.ts'
import { runInModule } from '../../pipeline/modules/run-in-module.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import { takeParams } from '../../protocol/take-params.ts'
import type { MethodContext, MethodTable } from './method.ts'

/** The methods that modules declare, under their full names. */
export function moduleMethods({ methods }: Pick<InstalledModules, 'methods'>): MethodTable {
  return [...methods].map(([name, method]) => [
    name,
    { kind: 'other', isOfModule: true, run: (context, params) => call(name, method, context, params) },
  ])
}

async function call(
  name: string,
  method: ServiceMethod,
  { pipeline, caller, session, request, running }: MethodContext,
  params: unknown[],
): Promise<unknown> {
  assert(running !== undefined, 'a call of a module’s method can be cancelled')
  const rawParams = takeParams(params)
  // Clients of protocol 1 may have fields of these names, without a meaning.
  const { key, again, stream } = session.protocol === 2 ? request : {}
  return await pipeline.methods.call({
    name,
    method,
    caller,
    params: runInModule({ module: moduleOf(name), kind: 'schema', name }, () =>
      parseParams(method.params, rawParams),
    ),
    rawParams,
    // A stream is not sent again.
    key: stream === undefined ? key : undefined,
    again,
    isStream: stream !== undefined,
    ending: running.ending,
  })
}
