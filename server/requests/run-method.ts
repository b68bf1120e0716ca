import assert from 'node:assert'
import type { Call, RequestLink } from './call.ts'

export const runMethod: RequestLink =
  (_next, { chunk }) =>
  (call) => {
    // `admitMethod` has set the method.
    const { method, request, session, pipeline, caller } = call as Required<Call>
    assert(method !== undefined, 'a method is admitted before it runs')
    return method.run(
      { session, pipeline, caller, measures: session.measures, encoded: chunk() },
      request.params,
    )
  }
