import { createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { foldEmail } from '../../model/email.ts'
import { StatusError } from '../../model/status.ts'
import { systemCaller } from '../../pipeline/shared/caller.ts'

/** The verified claims of a token. */
export interface Token {
  raw: string
  email: string
  /** The folded email, for comparisons: see `foldEmail`. */
  person: string
  /** `''` in a token for the accounts service, which is for no workspace. */
  workspace: string
  productId: string
  admin: boolean
  mode: 'user' | 'backup' | 'upgrade'
  /** A backup tool, also one that is an upgrade tool too. */
  isBackup: boolean
  /** The version of the person's tokens; `undefined`: signed with the secret by another program than the accounts service. */
  version: number | undefined
  /** Time of the login. Milliseconds since the epoch, as the following ones. */
  authTime: number | undefined
  issuedAt: number | undefined
  /** `undefined`: the token does not expire. */
  expiresAt: number | undefined
}

/** A token that was verified once, at the edge; or why it was refused. */
export type Verdict = { readonly token: Token } | { readonly refusal: unknown }

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
  /** The same emails, folded: to refuse emails that look like them. */
  readonly #systemPeople: ReadonlySet<string>

  /** @param systemEmails further emails of the system */
  constructor(secret: string, now: () => number, systemEmails: readonly string[] = []) {
    this.#secret = secret
    this.#key = createSecretKey(Buffer.from(secret))
    this.#now = now
    this.#systemEmails = new Set([SYSTEM_EMAIL, ...systemEmails])
    this.#systemPeople = new Set([...this.#systemEmails].map(foldEmail))
  }

  /** Whether the folded email is one of the system's, which nobody registers. */
  isSystem(person: string): boolean {
    return this.#systemPeople.has(person)
  }

  /** From now on only tokens of this secret are valid. @returns whether it differs from the one before */
  use(secret: string): boolean {
    if (secret === this.#secret) return false
    this.#secret = secret
    this.#key = createSecretKey(Buffer.from(secret))
    return true
  }

  /** @param ttl in seconds; a token without it does not expire */
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

  /** Refuses an email that only looks like the system's, and one that was registered before it became the system's. */
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
