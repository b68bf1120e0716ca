import { rateLimited } from '../rates/rate-limited.ts'
import type { RateRefusal } from './request-rates.ts'
import type { Call, RequestLink } from './call.ts'
import { encodeError } from './respond.ts'

/**
 * Refuses requests beyond the rate of their session or account, before anything is known of them but their id. A ping is
 * counted and answered: some clients take a refused one for a refused connection.
 */
export const limitRate: RequestLink = (next, { limitHit, logger, metrics }) => {
  const refuse = ({ request, session }: Call, { limit, retryAfter }: RateRefusal): void => {
    const error = rateLimited(limit, retryAfter)
    session.send(encodeError(request.id, error, { format: session.format, logger, metrics }), 'error')
  }
  const decide = (call: Call, refusal: RateRefusal | undefined): unknown => {
    if (refusal === undefined) return next(call)
    const { request, session } = call
    limitHit(refusal.limit, { session: session.id })
    if (refusal.isFlood) session.rest(refusal.retryAfter)
    return request.method === 'ping' ? next(call) : refuse(call, refusal)
  }
  return (call) => {
    const refusal = call.session.rate.request(call.session.protocol === 2)
    return refusal instanceof Promise ? refusal.then((known) => decide(call, known)) : decide(call, refusal)
  }
}
