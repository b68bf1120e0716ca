import { type FindResponse, isEncoded, type Middleware } from '../workspace/middleware.ts'

/**
 * Identical concurrent queries of one audience share one run; permissions are part of the plan. The key contains the
 * `seq` of the log, so that no caller gets a result older than a commit that it may know of. Failures are not shared.
 * The rest of a long result has a single reader, so that every other caller gets a run of its own.
 */
export const coalesceQueries: Middleware = (next, workspace) => {
  const inFlight = new Map<string, Promise<FindResponse>>()
  return {
    find: async function joinQueries(caller, request) {
      if (request.isConsistent === true) return await next.find(caller, request)
      const key = JSON.stringify([workspace.lastSeq(), request.plan, request.encoded])
      const joined = inFlight.get(key)
      if (joined !== undefined) {
        const response = await joined
        return goesOn(response) ? await next.find(caller, request) : response
      }
      const run = Promise.resolve(next.find(caller, request)).finally(() => inFlight.delete(key))
      inFlight.set(key, run)
      return await run
    },
  }
}

function goesOn(response: FindResponse): boolean {
  return isEncoded(response) && response.rest !== undefined
}
