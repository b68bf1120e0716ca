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
import { addressesAfter, type LoginAttempt, LoginLimits, type LoginLimitsOptions } from './login-limits.ts'
import { accounts, type Person } from './model.ts'
import { email, newEmail } from './parameters.ts'
import { PasswordRules } from './password-rules.ts'
import { Passwords } from './passwords.ts'
import { isRevoked } from './revocation.ts'
import type { TokenIssuer } from './token-issuer.ts'

export interface PeopleOptions extends LoginLimitsOptions {
  store: AccountsStore
  issuer: TokenIssuer
  observer: AccessObserver
  now: () => number
  settings: LoginLimitsOptions['settings'] & { signup: 'open' | 'closed' }
  /** Whether the folded email is one of the system's. */
  isSystem: (person: string) => boolean
}

const anyPassword = z.string().max(1024)

/** The people with accounts: sign-up, login, passwords, and the revocation of tokens. */
export class People {
  readonly #options: PeopleOptions
  readonly #passwords = new Passwords()
  readonly #rules = new PasswordRules()
  readonly #logins: LoginLimits
  /** Logins of one account take turns. */
  readonly #attempts = new KeyedQueue()
  /** Changes of a person take turns, by folded email. */
  readonly #changes = new KeyedQueue()

  constructor(options: PeopleOptions) {
    this.#options = options
    this.#logins = new LoginLimits(options)
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

  /** @param from address of the client */
  async createAccount(token: Token | undefined, params: unknown[], from: string): Promise<unknown> {
    const admin = token?.admin === true
    const [address, secret] = parseParams(
      z.tuple([newEmail, admin ? anyPassword.nullish() : anyPassword]),
      params,
    )
    const id = foldEmail(address)
    if (this.#options.isSystem(id) || (this.#options.settings.signup === 'closed' && !admin))
      throw forbidden('sign-up is closed')
    const person = { email: address, ...(await this.#kept(secret, from)) }
    const addresses = admin ? undefined : addressesAfter({ id, person: undefined, address: from })
    await this.#add(id, addresses === undefined ? person : { ...person, addresses }, admin)
    return { email: address, token: this.#options.issuer.afterLogin(await this.get(address)) }
  }

  /** @param from address of the client */
  async login(params: unknown[], from: string): Promise<unknown> {
    const [address, secret] = parseParams(z.tuple([email, anyPassword]), params)
    const { person, attempt } = await this.#proven(address, secret, from)
    await this.#remember(attempt)
    return { email: person.email, token: this.#options.issuer.afterLogin(person) }
  }

  /**
   * A person changes the own password with the old one, and gets a new token. Administrators change anybody's.
   * @param from address of the client
   */
  async changePassword(token: Token, params: unknown[], from: string): Promise<unknown> {
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
      await (isAdmin ? this.get(address) : this.#proven(address, old ?? '', from))
      const password = await this.#passwords.hash(secret, { address: from })
      // Whoever knew the old password may have made other addresses known.
      const addresses = isAdmin ? [] : (addressesAfter({ id, person: undefined, address: from }) ?? [])
      return await this.#revoke(id, { password, addresses })
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
  async #kept(secret: string | null | undefined, from: string): Promise<{ password?: string }> {
    if (secret == null) return {}
    await this.#rules.check(secret)
    return { password: await this.#passwords.hash(secret, { address: from }) }
  }

  /**
   * Memberships older than the person are of a time when unregistered people could create workspaces. A new account
   * must not get them; only administrators know whose they are.
   */
  async #add(
    id: string,
    person: Pick<Person, 'email'> & Partial<Person>,
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

  /** @throws StatusError `platform:status:InvalidCredentials`, or `RateLimited` after too many wrong passwords */
  async #proven(
    address: string,
    secret: string,
    from: string,
  ): Promise<{ person: Person; attempt: LoginAttempt }> {
    const id = foldEmail(address)
    const lane = this.#logins.laneOf({ id, person: await this.find(id), address: from })
    return await this.#attempts.run(lane, async () => {
      // It may have changed while the attempts before took their turns.
      const person = await this.find(id)
      const attempt = { id, person, address: from }
      await this.#logins.check(attempt)
      const asker = { address: from, check: async () => await this.#logins.check(attempt) }
      const isRight = await this.#passwords.match(secret, person?.password ?? undefined, asker)
      if (person === undefined || !isRight) {
        await this.#logins.failed(attempt)
        throw new StatusError('platform:status:InvalidCredentials')
      }
      await this.#logins.succeeded(attempt)
      return { person, attempt }
    })
  }

  async #remember(attempt: LoginAttempt): Promise<void> {
    const addresses = addressesAfter(attempt)
    if (addresses === undefined) return
    // A full disk must not refuse a login. Storage has reported it.
    await this.#options.store.update(accounts.class.Person, attempt.id, { addresses }).catch(() => undefined)
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
