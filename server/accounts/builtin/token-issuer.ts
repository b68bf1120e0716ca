import type { Token, TokenClaims, Tokens } from '../../auth/tokens.ts'
import type { Person } from './model.ts'

export interface TokenSettings {
  /** Lifetime of a token, in seconds. */
  tokenTtl: number
  /** Seconds after a login in which tokens are renewed; none is valid longer. */
  loginMaxAge: number
}

export interface IssuerOptions {
  tokens: Tokens
  now: () => number
  settings: TokenSettings
}

/** The purpose of a token; without a workspace it is for the accounts service. */
type Scope = Pick<TokenClaims, 'workspace' | 'productId'>

/** Makes the tokens of the accounts service. */
export class TokenIssuer {
  readonly #options: IssuerOptions

  constructor(options: IssuerOptions) {
    this.#options = options
  }

  /** A token after a login. */
  afterLogin(person: Person, scope: Scope = {}): string {
    return this.#sign(claimsOf(person), scope, this.#options.now())
  }

  /**
   * A token in exchange for another one. `undefined` when the time of the login is unknown or too long ago.
   * @param person of the token; `undefined`: nobody registered its email
   */
  renewed(token: Token, person: Person | undefined, scope: Scope): string | undefined {
    const since = token.authTime ?? token.issuedAt
    const { now, settings } = this.#options
    if (since === undefined || since + settings.loginMaxAge * 1000 <= now()) return undefined
    return this.#sign(person === undefined ? { email: token.email } : claimsOf(person), scope, since)
  }

  #sign(who: Pick<TokenClaims, 'email' | 'version'>, scope: Scope, authTime: number): string {
    const { tokens, now, settings } = this.#options
    const { tokenTtl, loginMaxAge } = settings
    const left = Math.ceil((authTime - now()) / 1000) + loginMaxAge
    const claims = { ...who, ...scope, auth_time: Math.floor(authTime / 1000) }
    return tokens.sign(claims, Math.min(tokenTtl, left))
  }
}

function claimsOf({ email, tokenVersion }: Person): Pick<TokenClaims, 'email' | 'version'> {
  // People stored by an older version have no version yet.
  return { email, version: (tokenVersion as number | undefined) ?? 0 }
}
