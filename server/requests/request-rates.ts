import type { Count, RateStore } from '../rates/rate-store.ts'
import { SYSTEM_EMAIL, type Token } from '../auth/tokens.ts'

/** 0 turns a limit off. */
export interface RateSettings {
  /** Milliseconds in which requests and bytes are counted. */
  rateWindow: number
  accountRequests: number
  systemRequests: number
  sessionRequests: number
  addressRequests: number
  accountBytes: number
  systemBytes: number
  sessionBytes: number
  addressBytes: number
}

export interface RequestRatesOptions {
  /** As they are now. */
  settings: RateSettings
  /** Shared by all sessions, and by all servers where there are several. */
  store: RateStore
  /** Monotonic milliseconds. */
  now: () => number
}

/** Why a request is refused. */
export interface RateRefusal {
  limit: string
  /** Milliseconds. */
  retryAfter: number
  /** The client goes on without waiting: it is not read until then. */
  isFlood: boolean
}

/** For how long a session is not read. */
export interface BytesPause {
  limit: string
  milliseconds: number
}

/**
 * Milliseconds without a request that end a refusal. Requests that were on their way when the client heard of it must not
 * overtake the ones that were refused before them. A client of protocol 2 says when it has heard of it, by `#rested`.
 */
const SILENCE = 1000
/** Milliseconds by which requests without a pause can prolong a refusal: older clients do not know `retryAfter`. */
const MAX_PROLONGED = 5000
/** Milliseconds that `#rested` may take after the time of a refusal. */
const MAX_UNHEARD = 60_000

/** Counts the requests and bytes of sessions and accounts. */
export class RequestRates {
  readonly #options: RequestRatesOptions
  #sessions = 0

  constructor(options: RequestRatesOptions) {
    this.#options = options
  }

  /** Counts a request over HTTP. Returns milliseconds after which the next one is taken; `undefined`: this one is. */
  ofAddress(address: string): number | undefined | Promise<number | undefined> {
    const { settings, store } = this.#options
    const limit = settings.addressRequests
    if (limit === 0) return undefined
    const check = ({ spent, resetsIn }: Count) => (spent > limit ? resetsIn : undefined)
    const count = store.take(`requests address ${address}`, 1, settings.rateWindow)
    return count instanceof Promise ? count.then(check) : check(count)
  }

  /** Counts a request over HTTP with its account. Returns milliseconds after which the next one is taken. */
  ofAccount(token: Token): number | undefined | Promise<number | undefined> {
    const { settings, store } = this.#options
    const limit = isSystem(token) ? settings.systemRequests : settings.accountRequests
    if (limit === 0) return undefined
    const check = ({ spent, resetsIn }: Count) => (spent > limit ? resetsIn : undefined)
    const count = store.take(`requests ${accountKey(token)}`, 1, settings.rateWindow)
    return count instanceof Promise ? count.then(check) : check(count)
  }

  /** @param address of the client, in the form that limits count by */
  of(token: Token, address: string): SessionRate {
    return new SessionRate({ token, address, name: (this.#sessions += 1) }, this.#options)
  }
}

/** Refusals that any client may cause without waiting. */
const LEAST_PATIENCE = 100
/** The limit of a refusal for memory. */
export const MEMORY = 'memory'

/** No refusal: every time is after it. */
const none = { limit: '', until: 0, latest: 0, isHeard: true, count: 0 }

/** Whose requests and bytes are counted together. */
type Scope = 'session' | 'account' | 'address'

const scopes: readonly Scope[] = ['session', 'account', 'address']

/** The rate of one session, and its share in that of its account and its address. */
export class SessionRate {
  readonly #options: RequestRatesOptions
  readonly #isSystem: boolean
  readonly #keys: Record<Scope, string>
  #refusal = { ...none }

  /** @param session `name`: unique among the sessions of the server */
  constructor(
    { token, address, name }: { token: Token; address: string; name: number },
    options: RequestRatesOptions,
  ) {
    this.#options = options
    this.#isSystem = isSystem(token)
    this.#keys = { session: `session ${name}`, account: accountKey(token), address: `address ${address}` }
  }

  /** Counts a request. `undefined`: it may run. @param says the client says when it has rested */
  request(says = false): RateRefusal | undefined | Promise<RateRefusal | undefined> {
    const now = this.#options.now()
    const { until, latest, isHeard } = this.#refusal
    if (now < (isHeard ? until : latest)) return this.#refuseAgain(now)
    return this.#over('requests', 1, (scope, { resetsIn }) =>
      this.#refuse(`requests of ${aOf(scope)}`, resetsIn, says),
    )
  }

  /**
   * Memory is short. As by a rate, requests are refused until the client has heard of it, so that those which are on
   * their way do not overtake this one.
   */
  short(milliseconds: number, says: boolean): RateRefusal {
    const now = this.#options.now()
    const { until, latest, isHeard } = this.#refusal
    if (now < (isHeard ? until : latest)) return this.#refuseAgain(now)
    return this.#refuse(MEMORY, milliseconds, says)
  }

  /** The client has heard of every refusal so far, and waited. */
  rested(): void {
    this.#refusal = { ...none }
  }

  /** Counts the bytes of a message. Returns for how long no more are read; `undefined`: they are. */
  bytes(bytes: number): BytesPause | undefined | Promise<BytesPause | undefined> {
    return this.#over('bytes', bytes, (scope, { resetsIn }) => ({
      limit: `bytes of ${aOf(scope)}`,
      milliseconds: resetsIn,
    }))
  }

  /** Counts in every scope that has a limit. Returns what is made of the first that is over it. */
  #over<T>(
    what: 'requests' | 'bytes',
    cost: number,
    made: (scope: Scope, count: Count) => T,
  ): T | undefined | Promise<T | undefined> {
    const { settings, store } = this.#options
    let later: Promise<T | undefined> | undefined
    let found: T | undefined
    for (const scope of scopes) {
      const limit = this.#limit(scope, what)
      if (limit === 0) continue
      const count = store.take(`${what} ${this.#keys[scope]}`, cost, settings.rateWindow)
      const check = (counted: Count) => (counted.spent > limit ? made(scope, counted) : undefined)
      if (count instanceof Promise) later = firstOf(later, count.then(check))
      else if ((found = check(count)) !== undefined) break
    }
    return later === undefined ? found : later.then((result) => found ?? result)
  }

  #limit(scope: Scope, what: 'requests' | 'bytes'): number {
    const { settings } = this.#options
    const isRequests = what === 'requests'
    if (scope === 'session') return isRequests ? settings.sessionRequests : settings.sessionBytes
    // Tools may have their work to do from the address of people.
    if (scope === 'address' && !this.#isSystem)
      return isRequests ? settings.addressRequests : settings.addressBytes
    if (scope === 'address') return 0
    if (this.#isSystem) return isRequests ? settings.systemRequests : settings.systemBytes
    return isRequests ? settings.accountRequests : settings.accountBytes
  }

  #refuse(limit: string, resetsIn: number, says: boolean): RateRefusal {
    const now = this.#options.now()
    const until = now + Math.max(resetsIn, SILENCE)
    const latest = until + (says ? MAX_UNHEARD : MAX_PROLONGED)
    this.#refusal = { limit, until, latest, isHeard: !says, count: 1 }
    return { limit, retryAfter: until - now, isFlood: false }
  }

  #refuseAgain(now: number): RateRefusal {
    const refusal = this.#refusal
    refusal.count += 1
    if (refusal.isHeard) refusal.until = Math.min(Math.max(refusal.until, now + SILENCE), refusal.latest)
    const retryAfter = Math.max(1, refusal.until - now)
    return { limit: refusal.limit, retryAfter, isFlood: refusal.count > this.#patience }
  }

  /** Refusals that a client may cause without waiting: it may have sent as many before it knew. */
  get #patience(): number {
    return scopes.reduce((most, scope) => Math.max(most, this.#limit(scope, 'requests')), LEAST_PATIENCE)
  }
}

async function firstOf<T>(
  before: Promise<T | undefined> | undefined,
  next: Promise<T | undefined>,
): Promise<T | undefined> {
  const [first, second] = await Promise.all([before, next])
  return first ?? second
}

function isSystem({ email, mode }: Token): boolean {
  return email === SYSTEM_EMAIL || mode !== 'user'
}

function accountKey(token: Token): string {
  return isSystem(token) ? `account system ${token.person}` : `account ${token.person}`
}

function aOf(scope: Scope): string {
  return scope === 'session' ? 'a session' : `an ${scope}`
}
