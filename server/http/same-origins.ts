import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { StatusError } from '../../model/status.ts'
import type { AllowedOrigins } from '../transport/allowed-origins.ts'

/** Seconds for which a browser keeps the answer to a preflight request. */
const MAX_AGE = 600

/** CORS by the list of WebSockets. Requests of other pages are refused, also those that browsers send without asking. */
export function sameOrigins(origins: Pick<AllowedOrigins, 'allows'>): MiddlewareHandler {
  const allowed = cors({
    origin: (origin) => origin,
    allowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowHeaders: ['authorization', 'content-type'],
    maxAge: MAX_AGE,
  })
  return async (context, next) => {
    const origin = context.req.header('origin')
    if (origin === undefined) return await next()
    if (origins.allows(origin, context.req.header('host'))) return await allowed(context, next)
    const { status } = new StatusError('platform:status:Forbidden', { message: 'this origin may not call' })
    return context.json({ error: status }, 403)
  }
}
