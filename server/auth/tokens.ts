import { createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { foldEmail } from '../../model/email.ts'
import { StatusError } from '../../model/status.ts'
import { systemCaller } from '../../pipeline/shared/caller.ts'

/** What a token says. */
export interface Token {
  raw: string
  email: string
  /** The email as it is compared, see `foldEmail`. */
  person: string
  /** `''` in a token of the accounts service that is for no workspace yet. */
  workspace: string
  productId: string
  admin: boolean
  mode: 'user' | 'backup' | 'upgrade'
  /** Reads a workspace out and puts it back: alone, or as an upgrade tool. */
  isBackup: boolean
  /** Of the person's tokens; `undefined`: made by somebody who has the secret, not by the accounts service. */
  version: number | undefined
  /** When the person gave the password. Milliseconds since the epoch, as all that follow. */
  authTime: number | undefined
  issuedAt: number | undefined
  /** `undefined`: never. */
  expiresAt: number | undefined
}

export interface TokenClaims {
  email: string
  workspace?: string
  productId?: string
  admin?: 'true'
  mode?: 'backup'
  model?: 'upgrade'
  version?: number
  /** Seconds since the epoch. */
  auth_time?: number
}

/** Prefix of the ids of workspaces that the server itself keeps: nobody enters them. */
export const RESERVED_PREFIX = 'atrium:'

/** The email in tokens of the server itself and of its tools. */
export const SYSTEM_EMAIL = systemCaller.email

const claimsSchema = z.object({
  email: z.string().min(1).max(256),
  workspace: z.string().max(256).optional(),
  productId: z.string().max(256).optional(),
  admin: z.string().optional(),
  mode: z.string().optional(),
  model: z.string().optional(),
  version: z.number().int().nonnegative().optional(),
  auth_time: z.number().optional(),
  iat: z.number().optional(),
  exp: z.number().optional(),
})

/** Signs and verifies tokens: JWT, HS256. */
export class Tokens {
  // A key object: verifying with a string costs sixty times as much.
  #key: KeyObject
  #secret: string
  readonly #now: () => number
  readonly #systemEmails: ReadonlySet<string>
  /** The same, folded: who looks like one of them. */
  readonly #systemPeople: ReadonlySet<string>

  /** @param systemEmails as which the system signs in, beside its own */
  constructor(secret: string, now: () => number, systemEmails: readonly string[] = []) {
    this.#secret = secret
    this.#key = createSecretKey(Buffer.from(secret))
    this.#now = now
    this.#systemEmails = new Set([SYSTEM_EMAIL, ...systemEmails])
    this.#systemPeople = new Set([...this.#systemEmails].map(foldEmail))
  }

  /** Whether the folded email is one of the system's: nobody registers it. */
  isSystem(person: string): boolean {
    return this.#systemPeople.has(person)
  }

  /** From now on tokens of this secret are good, and no others. Tells whether it is another one. */
  use(secret: string): boolean {
    if (secret === this.#secret) return false
    this.#secret = secret
    this.#key = createSecretKey(Buffer.from(secret))
    return true
  }

  /** @param ttl seconds; none: the token does not expire */
  sign(claims: TokenClaims, ttl?: number): string {
    const iat = Math.floor(this.#now() / 1000)
    const payload = ttl === undefined ? { ...claims, iat } : { ...claims, iat, exp: iat + Math.ceil(ttl) }
    return jwt.sign(payload, this.#key, { algorithm: 'HS256' })
  }

  /** @throws StatusError `platform:status:Unauthorized` */
  verify(raw: string): Token {
    const claims = claimsSchema.safeParse(this.#payload(raw))
    if (!claims.success) throw new StatusError('platform:status:Unauthorized')
    const { workspace = '', productId = '', admin, mode, model, version } = claims.data
    return {
      raw,
      ...this.#bearer(claims.data),
      workspace,
      productId,
      admin: admin === 'true',
      mode: model === 'upgrade' ? 'upgrade' : mode === 'backup' ? 'backup' : 'user',
      isBackup: mode === 'backup',
      version,
      authTime: milliseconds(claims.data.auth_time),
      issuedAt: milliseconds(claims.data.iat),
      expiresAt: milliseconds(claims.data.exp),
    }
  }

  /** Whoever looks like the system is not the system, nor is who registered an email that became the system's. */
  #bearer({ email, version }: z.output<typeof claimsSchema>): Pick<Token, 'email' | 'person'> {
    const person = foldEmail(email)
    if (!this.#systemPeople.has(person)) return { email, person }
    if (!this.#systemEmails.has(email) || (email !== SYSTEM_EMAIL && version !== undefined))
      throw new StatusError('platform:status:Unauthorized')
    return { email: SYSTEM_EMAIL, person: SYSTEM_EMAIL }
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

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

/** The token in an `Authorization: Bearer` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1]
}
