import { StatusError } from '../../model/status.ts'

/** @param wait milliseconds */
export function rateLimited(limit: string, wait: number): StatusError {
  return new StatusError('platform:status:RateLimited', { limit, retryAfter: retryAfter(wait) })
}

/** @param wait milliseconds */
export function overloaded(wait: number): StatusError {
  return new StatusError('platform:status:Overloaded', { retryAfter: retryAfter(wait) })
}

/** Rounded up, as a client that comes a moment too early is refused again. */
function retryAfter(wait: number): number {
  return Math.max(1, Math.ceil(wait))
}
