import type { Cancel, Clock } from '../environment.ts'

/** The token for the workspace; a new one when `isFresh`, as the old one was refused or is about to expire. */
export type GetToken = (options: { isFresh: boolean }) => string | Promise<string>

/** The part of a token's life after which it is renewed. */
const RENEW_AT = 0.9
/** Longest wait a timer takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Milliseconds since the epoch at which a JWT expires; `undefined` where it does not say. */
export function expiryOf(token: string): number | undefined {
  try {
    const payload = token.split('.')[1] ?? ''
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const { exp } = JSON.parse(text) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/** Calls back when the token should be renewed. */
export function beforeExpiry(token: string, clock: Clock, callback: () => void): Cancel {
  const expiry = expiryOf(token)
  if (expiry === undefined) return () => undefined
  const left = Math.max(0, expiry - clock.now())
  return clock.schedule(Math.min(LONGEST_TIMER, left * RENEW_AT), callback)
}
