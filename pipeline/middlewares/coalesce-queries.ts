import { type FindResponse, isEncoded, type Middleware } from '../workspace/middleware.ts'

/**
 * Identical queries of one audience in flight share one run: what the caller may see is part of the plan. The
 * key holds the log's `seq`, so that nobody joins a run that began before a commit the caller may already know
 * of. A failure is not kept. A long result is read part by part, by one: who joined has a run of his own then.
 */
export const coalesceQueries: Middleware = (next, workspace) => {
  const inFlight = new Map<string, Promise<FindResponse>>()
  return {
    find: async function joinQueries(caller, request) {
      if (request.isConsistent === true) return await next.find(caller, request)
      const key = JSON.stringify([workspace.lastSeq(), request.plan, request.encoded])
      const joined = inFlight.get(key)
      if (joined !== undefined) {
        const answer = await joined
        return goesOn(answer) ? await next.find(caller, request) : answer
      }
      const run = Promise.resolve(next.find(caller, request)).finally(() => inFlight.delete(key))
      inFlight.set(key, run)
      return await run
    },
  }
}

function goesOn(answer: FindResponse): boolean {
  return isEncoded(answer) && answer.rest !== undefined
}
