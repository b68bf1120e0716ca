import { createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { StatusError } from '../model/status.ts'
import { systemCaller } from '../pipeline/caller.ts'

/** What a token says. */
export interface Token {
  raw: string
  email: string
  /** `''` in a token of the accounts service that is for no workspace yet. */
  workspace: string
  productId: string
  admin: boolean
  mode: 'user' | 'backup' | 'upgrade'
  /** Milliseconds since the epoch; `undefined`: never. */
  expiresAt: number | undefined
}

export interface TokenClaims {
  email: string
  workspace?: string
  productId?: string
  admin?: 'true'
  mode?: 'backup'
  model?: 'upgrade'
}

/** The email in tokens of the server itself and of its tools. */
export const SYSTEM_EMAIL = systemCaller.email

const claimsSchema = z.object({
  email: z.string().min(1).max(256),
  workspace: z.string().max(256).optional(),
  productId: z.string().max(256).optional(),
  admin: z.string().optional(),
  mode: z.string().optional(),
  model: z.string().optional(),
  exp: z.number().optional(),
})

/** Signs and verifies tokens: JWT, HS256. */
export class Tokens {
  // A key object: verifying with a string costs sixty times as much.
  readonly #key: KeyObject
  readonly #now: () => number

  constructor(secret: string, now: () => number) {
    this.#key = createSecretKey(Buffer.from(secret))
    this.#now = now
  }

  /** @param ttl seconds; none: the token does not expire */
  sign(claims: TokenClaims, ttl?: number): string {
    const iat = Math.floor(this.#now() / 1000)
    const payload = ttl === undefined ? { ...claims, iat } : { ...claims, iat, exp: iat + ttl }
    return jwt.sign(payload, this.#key, { algorithm: 'HS256' })
  }

  /** @throws StatusError `platform:status:Unauthorized` */
  verify(raw: string): Token {
    const claims = claimsSchema.safeParse(this.#payload(raw))
    if (!claims.success) throw new StatusError('platform:status:Unauthorized')
    const { email, workspace = '', productId = '', admin, mode, model, exp } = claims.data
    return {
      raw,
      email,
      workspace,
      productId,
      admin: admin === 'true',
      mode: model === 'upgrade' ? 'upgrade' : mode === 'backup' ? 'backup' : 'user',
      expiresAt: exp === undefined ? undefined : exp * 1000,
    }
  }

  #payload(raw: string): unknown {
    try {
      const clockTimestamp = Math.floor(this.#now() / 1000)
      return jwt.verify(raw, this.#key, { algorithms: ['HS256'], clockTimestamp })
    } catch (cause) {
      throw new StatusError('platform:status:Unauthorized', {}, { cause })
    }
  }
}

/** The token in an `Authorization: Bearer` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1]
}
