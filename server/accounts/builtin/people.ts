import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { foldEmail } from '../../../model/email.ts'
import { StatusError } from '../../../model/status.ts'
import { parseParams } from '../../../protocol/parse-params.ts'
import { SYSTEM_EMAIL, type Token, type TokenClaims } from '../../auth/tokens.ts'
import { KeyedQueue } from '../../time/keyed-queue.ts'
import type { AccessObserver } from '../access-observer.ts'
import { type AccountsStore, creation } from './accounts-store.ts'
import { isPrivileged } from './authority.ts'
import { forbidden, rethrow } from './errors.ts'
import { accounts, type Person } from './model.ts'
import { email, newEmail } from './parameters.ts'
import { PasswordRules } from './password-rules.ts'
import { Passwords } from './passwords.ts'
import { isRevoked } from './revocation.ts'
import type { TokenIssuer } from './token-issuer.ts'

export interface PeopleOptions {
  store: AccountsStore
  issuer: TokenIssuer
  observer: AccessObserver
  now: () => number
  settings: { signup: 'open' | 'closed' }
  /** Whether the folded email is one of the system's. */
  isSystem: (person: string) => boolean
}

/** Wrong passwords an email may have in {@link ATTEMPT_WINDOW} milliseconds. */
const MAX_ATTEMPTS = 10
const ATTEMPT_WINDOW = 5 * 60_000

const anyPassword = z.string().max(1024)

/** The people with accounts: sign-up, login, passwords, and the revocation of tokens. */
export class People {
  readonly #options: PeopleOptions
  readonly #passwords = new Passwords()
  readonly #rules = new PasswordRules()
  /** By folded email: another spelling is the same account. */
  readonly #attempts = new LRUCache<string, number>({ max: 10_000, ttl: ATTEMPT_WINDOW })
  /** Changes of a person take turns, by folded email. */
  readonly #changes = new KeyedQueue()

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  /** @param id folded email */
  async find(id: string): Promise<Person | undefined> {
    return await this.#options.store.get(accounts.class.Person, id)
  }

  /** @throws StatusError `platform:status:AccountNotFound` */
  async get(address: string): Promise<Person> {
    const person = await this.find(foldEmail(address))
    if (person === undefined) throw new StatusError('platform:status:AccountNotFound', { email: address })
    return person
  }

  /**
   * The person of a token, if anybody registered the email. A token that replaces it is made of this same reading, so
   * a token that is revoked meanwhile does not become a valid one.
   * @throws StatusError `platform:status:Unauthorized` when the token was revoked
   */
  async bearer(token: Token): Promise<Person | undefined> {
    // The system is no person: nobody can register its email or revoke its tokens.
    const person = token.email === SYSTEM_EMAIL ? undefined : await this.find(token.person)
    const isUnknown = person === undefined && token.version !== undefined
    if (isUnknown || isRevoked(token, person ?? {}, this.#options.now()))
      throw new StatusError('platform:status:Unauthorized')
    return person
  }

  async createAccount(token: Token | undefined, params: unknown[]): Promise<unknown> {
    const admin = token?.admin === true
    const [address, secret] = parseParams(
      z.tuple([newEmail, admin ? anyPassword.nullish() : anyPassword]),
      params,
    )
    const id = foldEmail(address)
    if (this.#options.isSystem(id) || (this.#options.settings.signup === 'closed' && !admin))
      throw forbidden('sign-up is closed')
    await this.#add(id, { email: address, ...(await this.#kept(secret)) }, admin)
    return { email: address, token: this.#options.issuer.afterLogin(await this.get(address)) }
  }

  async login(params: unknown[]): Promise<unknown> {
    const [address, secret] = parseParams(z.tuple([email, anyPassword]), params)
    const person = await this.#proven(address, secret)
    return { email: person.email, token: this.#options.issuer.afterLogin(person) }
  }

  /** A person changes the own password with the old one, and gets a new token. Administrators change anybody's. */
  async changePassword(token: Token, params: unknown[]): Promise<unknown> {
    const [old, secret, address = token.email] = parseParams(
      z.tuple([anyPassword.nullish(), anyPassword, email.optional()]),
      params,
    )
    const isAdmin = isPrivileged(token)
    const id = foldEmail(address)
    if (!isAdmin && id !== token.person) throw forbidden('only administrators set the password of others')
    await this.#rules.check(secret)
    // Of two concurrent changes with the old password, the second is wrong by now.
    const person = await this.#changes.run(id, async () => {
      await (isAdmin ? this.get(address) : this.#proven(address, old ?? ''))
      return await this.#revoke(id, { password: await this.#passwords.hash(secret) })
    })
    if (isAdmin) return { email: person.email }
    return { email: person.email, token: this.#options.issuer.afterLogin(person, scopeOf(token)) }
  }

  /** A person revokes the own tokens, and gets a new one of the same kind. Administrators revoke anybody's. */
  async revokeSessions(token: Token, params: unknown[]): Promise<unknown> {
    const [address = token.email] = parseParams(z.tuple([email.optional()]), params)
    const isOwn = foldEmail(address) === token.person
    if (!isOwn && !isPrivileged(token)) throw forbidden('only administrators revoke the tokens of others')
    const { _id: id } = await this.get(address)
    const person = await this.#changes.run(id, async () => {
      await this.bearer(token)
      return await this.#revoke(id, {})
    })
    const renewed =
      isOwn && !isPrivileged(token) && token.mode === 'user'
        ? this.#options.issuer.renewed(token, person, scopeOf(token))
        : undefined
    return renewed === undefined ? { email: person.email } : { email: person.email, token: renewed }
  }

  /** The hash of a new password, when one is given and allowed. */
  async #kept(secret: string | null | undefined): Promise<{ password?: string }> {
    if (secret == null) return {}
    await this.#rules.check(secret)
    return { password: await this.#passwords.hash(secret) }
  }

  /**
   * Memberships older than the person are of a time when unregistered people could create workspaces. A new account
   * must not get them; only administrators know whose they are.
   */
  async #add(
    id: string,
    person: Pick<Person, 'email' | 'password'>,
    keepsMemberships: boolean,
  ): Promise<void> {
    const { Membership, Person } = accounts.class
    const { store } = this.#options
    const orphans = keepsMemberships ? [] : await store.find(Membership, { email: id })
    await store
      .commit((factory) => [
        creation(factory, Person, id, person),
        ...orphans.map((membership) => factory.remove(membership)),
      ])
      .catch((error: unknown) =>
        rethrow(error, 'core:status:ObjectExists', 'platform:status:AccountExists', { email: person.email }),
      )
  }

  /** @throws StatusError `platform:status:InvalidCredentials`, or `LimitReached` after too many wrong passwords */
  async #proven(address: string, secret: string): Promise<Person> {
    const id = foldEmail(address)
    const attempts = this.#attempts.get(id) ?? 0
    if (attempts >= MAX_ATTEMPTS) {
      throw new StatusError('platform:status:LimitReached', { limit: 'wrong passwords', value: MAX_ATTEMPTS })
    }
    // Counted before the check: concurrent attempts must not all pass.
    this.#attempts.set(id, attempts + 1)
    const person = await this.find(id)
    const isRight = await this.#passwords.match(secret, person?.password ?? undefined)
    if (person === undefined || !isRight) throw new StatusError('platform:status:InvalidCredentials')
    this.#attempts.delete(id)
    return person
  }

  /** Makes a new version of the person's tokens the valid one, together with other changes. */
  async #revoke(id: string, change: Partial<Person>): Promise<Person> {
    const { store, now, observer } = this.#options
    const operations = { ...change, revokedOn: now(), $inc: { tokenVersion: 1 } }
    const person = await store.update(accounts.class.Person, id, operations)
    observer.tokensRevoked(id, (token) => isRevoked(token, person, now()))
    return person
  }
}

/** The new token is for what the old one was for. */
function scopeOf({ workspace, productId }: Token): Pick<TokenClaims, 'workspace' | 'productId'> {
  return workspace === '' ? {} : { workspace, productId }
}
