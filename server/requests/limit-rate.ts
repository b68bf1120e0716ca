import { RETRY_AFTER } from '../memory/memory-budget.ts'
import { overloaded, rateLimited } from '../rates/rate-limited.ts'
import { MEMORY, type RateRefusal } from './request-rates.ts'
import type { Call, RequestLink } from './call.ts'
import { encodeError } from './respond.ts'

/** Methods that a client needs to stay connected. */
const light: ReadonlySet<string> = new Set(['ping', 'authenticate'])

/** While memory is short, administrators go on: they may know what to do. */
function isExempt({ request, session }: Call): boolean {
  return session.token.admin || light.has(request.method)
}

/**
 * Refuses requests beyond the rate of their session or account, and new work while memory is short, before anything is
 * known of them but their id. A ping is counted and answered: some clients take a refused one for a refused connection.
 */
export const limitRate: RequestLink = (next, { limitHit, logger, memory, metrics }) => {
  const refuse = ({ request, session }: Call, { limit, retryAfter }: RateRefusal): void => {
    const error = limit === MEMORY ? overloaded(retryAfter) : rateLimited(limit, retryAfter)
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
    const { rate, protocol } = call.session
    const says = protocol === 2
    if (memory.isShort && !isExempt(call)) return decide(call, rate.short(RETRY_AFTER, says))
    const refusal = rate.request(says)
    return refusal instanceof Promise ? refusal.then((known) => decide(call, known)) : decide(call, refusal)
  }
}
