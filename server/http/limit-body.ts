import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { StatusError } from '../../model/status.ts'

/** Maximum bytes of the body of an HTTP request, except to routes of modules. */
const MAX_BODY = 64 * 1024

const moduleRoute = /^\/api\/v1\/[^/]+\/x\//

/**
 * Refuses a body that is too large with 413, and one that does not arrive whole, or is malformed, with 400.
 * @param routeBody maximum bytes of the body of a request to a route of a module
 */
export function limitBody(routeBody: number): MiddlewareHandler {
  const limits = [limitTo(MAX_BODY), limitTo(routeBody)] as const
  return async (context, next) => {
    const limit = limits[moduleRoute.test(context.req.path) ? 1 : 0]
    let isRead = false
    try {
      return await limit(context, async () => {
        isRead = true
        await next()
      })
    } catch (error) {
      if (isRead) throw error
      // A stranger causes it at will, so nothing is logged.
      const { status } = new StatusError('platform:status:BadRequest', { message: 'the body is not whole' })
      return context.json({ error: status }, 400)
    }
  }
}

function limitTo(maxSize: number): MiddlewareHandler {
  return bodyLimit({ maxSize, onError: (context) => refuseSize(context, maxSize) })
}

function refuseSize(context: Context, limit: number): Response {
  const size = Number(context.req.header('content-length'))
  const known = Number.isSafeInteger(size) ? { size } : {}
  const { status } = new StatusError('platform:status:TooLarge', { ...known, limit })
  return context.json({ error: status }, 413)
}
