import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import type { IncomingMessage } from 'node:http'
import { rateLimited } from '../rates/rate-limited.ts'
import type { RequestRates } from '../requests/request-rates.ts'

export interface LimitAddressOptions {
  rates: Pick<RequestRates, 'ofAddress'>
  /** The address of a client, by which limits count. */
  addressOf: (request: IncomingMessage) => string
  limitHit: (limit: string, fields: object) => void
}

const LIMIT = 'requests of an address'

/** Refuses requests beyond the rate of their address with 429 and `Retry-After`. The server's own calls have none. */
export function limitAddress({
  rates,
  addressOf,
  limitHit,
}: LimitAddressOptions): MiddlewareHandler<{ Bindings: Partial<HttpBindings> }> {
  return async (context, next) => {
    const { incoming } = context.env ?? {}
    const address = incoming === undefined ? undefined : addressOf(incoming)
    const wait = address === undefined ? undefined : await rates.ofAddress(address)
    if (wait === undefined) return await next()
    limitHit(LIMIT, { address })
    const seconds = String(Math.ceil(wait / 1000))
    return context.json({ error: rateLimited(LIMIT, wait).status }, 429, { 'retry-after': seconds })
  }
}
