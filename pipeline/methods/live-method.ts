import { isDeepStrictEqual } from 'node:util'
import { systemClock } from '../../model/clock.ts'
import { StatusError } from '../../model/status.ts'
import type { MethodCall } from '../modules/method-call.ts'
import type { ServiceMethod } from '../modules/module.ts'
import type { Caller } from '../shared/caller.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { takeResult } from './method-result.ts'
import { unlessAborted } from './place-queue.ts'
import { RecordedReads } from './recorded-reads.ts'

/** The method as one that streams: its result, and each later one that differs, when what it has read changes. */
export function liveMethod(
  { workspace, caller, name }: { workspace: Workspace; caller: Caller; name: string },
  { timeout: _timeout, ...method }: ServiceMethod,
): ServiceMethod {
  const run = (call: MethodCall, params: never) => results({ workspace, caller, name }, method, call, params)
  return { ...method, run }
}

async function* results(
  { workspace, caller, name }: { workspace: Workspace; caller: Caller; name: string },
  method: ServiceMethod,
  call: MethodCall,
  params: never,
): AsyncGenerator<unknown, void> {
  let last: unknown
  for (let isFirst = true; ; isFirst = false) {
    const reads = new RecordedReads(workspace, caller)
    try {
      const started = systemClock.monotonic()
      const result = takeResult(name, await method.run(readOnly(call, reads), params))
      const took = systemClock.monotonic() - started
      if (isFirst || !isDeepStrictEqual(result, last)) yield result
      last = result
      await reads.changed(call.signal)
      // A method that takes long does not run all the time.
      await unlessAborted(pause(took), call.signal)
    } finally {
      reads.end()
    }
  }
}

function readOnly(call: MethodCall, reads: RecordedReads): MethodCall {
  const refuse = () =>
    Promise.reject(new StatusError('platform:status:Forbidden', { message: 'a live method only reads' }))
  return {
    ...call,
    findAll: (_class, query, options = {}) =>
      reads.add({ _class, query, options }, () => call.findAll(_class, query, options)),
    commit: refuse,
    asSystem: { ...call.asSystem, commit: refuse },
    applyIf: refuse,
    transaction: refuse,
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
