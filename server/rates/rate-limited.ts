import { StatusError } from '../../model/status.ts'

/** @param retryAfter milliseconds; rounded up, as a client that comes a moment too early is refused again */
export function rateLimited(limit: string, retryAfter: number): StatusError {
  return new StatusError('platform:status:RateLimited', {
    limit,
    retryAfter: Math.max(1, Math.ceil(retryAfter)),
  })
}
