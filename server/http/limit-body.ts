import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { StatusError } from '../../model/status.ts'

/** Maximum bytes of the body of an HTTP request. */
const MAX_BODY = 64 * 1024

/** Refuses a body that is too large with 413, and one that does not arrive whole, or is malformed, with 400. */
export function limitBody(): MiddlewareHandler {
  const limit = bodyLimit({ maxSize: MAX_BODY, onError: refuseSize })
  return async (context, next) => {
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

function refuseSize(context: Context): Response {
  const size = Number(context.req.header('content-length'))
  const known = Number.isSafeInteger(size) ? { size } : {}
  const { status } = new StatusError('platform:status:TooLarge', { ...known, limit: MAX_BODY })
  return context.json({ error: status }, 413)
}
