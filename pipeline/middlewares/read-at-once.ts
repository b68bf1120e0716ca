import type { Middleware } from '../workspace/middleware.ts'
import { plannedBy } from './plan-queries.ts'

/** What storage can read briefly it reads at once: to wait for another run of it, or for a thread, costs more. */
export const readAtOnce: Middleware = (next, { storage }) => ({
  find: function readAtOnce(caller, request) {
    const { encoded } = request
    const found = encoded && storage.findAtOnce?.(plannedBy(request), encoded)
    return found ?? next.find(caller, request)
  },
})
