import type { Hono } from 'hono'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'

/** Milliseconds of a call without a signal. */
const LONGEST = 60_000

/**
 * A `fetch` of the server's own routes, without a connection: what the server asks itself depends on no certificate, and
 * is counted by no limit of an address.
 */
export function ownFetch(app: () => Hono | undefined): typeof fetch {
  return async (input, init) => {
    const routes = app()
    if (routes === undefined) throw new Error('the server has not started')
    const stop = init?.signal ?? undefined
    const work = Promise.resolve(routes.fetch(new Request(input, init)))
    return await withTimeout(work, { milliseconds: LONGEST, what: 'a call of the accounts service', stop })
  }
}
