import type { Middleware } from '../workspace/middleware.ts'
import { plannedBy } from './plan-queries.ts'

/** Reads synchronously what storage can read quickly. Sharing a run, or waiting for another thread, costs more. */
export const readAtOnce: Middleware = (next, { storage }) => ({
  find: function readAtOnce(caller, request) {
    const { encoded } = request
    const found = encoded && storage.findAtOnce?.(plannedBy(request), encoded)
    return found ?? next.find(caller, request)
  },
})
