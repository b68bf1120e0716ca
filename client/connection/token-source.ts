import { type Cancel, type Clock, LONGEST_TIMER } from '../runtime/environment.ts'

/**
 * Returns the token for the workspace. With `isFresh`, a cached token will not do: the last one was refused or is about
 * to expire.
 */
export type GetToken = (options: { isFresh: boolean }) => string | Promise<string>

/** The fraction of a token's lifetime after which it is renewed. */
const RENEW_AT = 0.9
/** Milliseconds between two renewals at least, however short the lifetime is. */
const LEAST = 3000

/**
 * The lifetime of a JWT in milliseconds, `exp` less `iat`: it does not depend on the date of this device. Without `iat`
 * it is the time left by that date. `undefined` for a token without `exp`, and for one that is no JWT.
 *
 * @param now milliseconds since the epoch
 */
export function lifetimeOf(token: string, now: number): number | undefined {
  const { exp, iat } = claimsOf(token)
  if (typeof exp !== 'number') return undefined
  const lifetime = typeof iat === 'number' ? (exp - iat) * 1000 : exp * 1000 - now
  return lifetime > 0 ? lifetime : undefined
}

function claimsOf(token: string): { exp?: unknown; iat?: unknown } {
  try {
    const payload = token.split('.')[1] ?? ''
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    return typeof claims === 'object' && claims !== null ? claims : {}
  } catch {
    return {}
  }
}

export interface TokenRenewalOptions {
  clock: Clock
  getToken: GetToken
  /** Sends the new token to the server. */
  authenticate: (token: string) => Promise<unknown>
  /** A renewal failed: the next connection needs a fresh token. */
  failed: () => void
}

/** Renews the token of one connection before it expires, without a new connection. */
export class TokenRenewal {
  readonly #options: TokenRenewalOptions
  #isStopped = false
  #cancel: Cancel = () => undefined

  constructor(options: TokenRenewalOptions) {
    this.#options = options
  }

  /** The connection uses this token now: its lifetime begins. */
  use(token: string): void {
    const { clock } = this.#options
    const lifetime = lifetimeOf(token, clock.now())
    if (lifetime !== undefined) this.#renewIn(lifetime * RENEW_AT, lifetime)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #renewIn(milliseconds: number, lifetime: number): void {
    const wait = Math.min(LONGEST_TIMER, Math.max(LEAST, milliseconds))
    this.#cancel = this.#options.clock.schedule(wait, () => void this.#renew(lifetime))
  }

  async #renew(lifetime: number): Promise<void> {
    const { getToken, authenticate, failed } = this.#options
    try {
      const token: unknown = await getToken({ isFresh: true })
      if (this.#isStopped) return
      if (typeof token !== 'string') throw new TypeError('getToken returned no string')
      await authenticate(token)
      if (!this.#isStopped) this.use(token)
    } catch {
      // The error may contain a secret.
      if (this.#isStopped) return
      failed()
      this.#renewIn((lifetime * (1 - RENEW_AT)) / 2, lifetime)
    }
  }
}
