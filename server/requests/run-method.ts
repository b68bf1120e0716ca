import assert from 'node:assert'
import type { RequestLink } from './call.ts'

export const runMethod: RequestLink =
  (_next, { chunk }) =>
  (call) => {
    const { method, request, running, session, pipeline, caller } = call
    assert(method !== undefined, 'a method is admitted before it runs')
    return method.run(
      { session, pipeline, caller, request, running, measures: session.measures, encoded: chunk() },
      request.params,
    )
  }
