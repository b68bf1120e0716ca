import type { Count, RateStore } from '../rates/rate-store.ts'
import { SYSTEM_EMAIL, type Token } from '../auth/tokens.ts'

/** 0 turns a limit off. */
export interface RateSettings {
  /** Milliseconds in which requests and bytes are counted. */
  rateWindow: number
  accountRequests: number
  systemRequests: number
  sessionRequests: number
  accountBytes: number
  systemBytes: number
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

  constructor(options: RequestRatesOptions) {
    this.#options = options
  }

  of(token: Token): SessionRate {
    return new SessionRate(token, this.#options)
  }
}

/** No refusal: every time is after it. */
const none = { limit: '', until: 0, latest: 0, isHeard: true, count: 0 }

/** The rate of one session, and its share in that of its account. */
export class SessionRate {
  readonly #options: RequestRatesOptions
  readonly #isSystem: boolean
  readonly #requestsKey: string
  readonly #bytesKey: string
  #own = { spent: 0, endsAt: 0 }
  #refusal = { ...none }

  constructor({ email, mode, person }: Token, options: RequestRatesOptions) {
    this.#options = options
    this.#isSystem = email === SYSTEM_EMAIL || mode !== 'user'
    const account = this.#isSystem ? `system ${person}` : person
    this.#requestsKey = `requests ${account}`
    this.#bytesKey = `bytes ${account}`
  }

  /** Counts a request. `undefined`: it may run. @param says the client says when it has rested */
  request(says = false): RateRefusal | undefined | Promise<RateRefusal | undefined> {
    const now = this.#options.now()
    const { until, latest, isHeard } = this.#refusal
    if (now < (isHeard ? until : latest)) return this.#refuseAgain(now)
    const { accountRequests, systemRequests, sessionRequests, rateWindow } = this.#options.settings
    if (sessionRequests > 0) {
      const own = this.#countOwn(now, rateWindow)
      if (own.spent > sessionRequests) return this.#refuse('requests of a session', own, says)
    }
    const limit = this.#isSystem ? systemRequests : accountRequests
    if (limit === 0) return undefined
    const check = (count: Count) =>
      count.spent > limit ? this.#refuse('requests of an account', count, says) : undefined
    const count = this.#options.store.take(this.#requestsKey, 1, rateWindow)
    return count instanceof Promise ? count.then(check) : check(count)
  }

  /** The client has heard of every refusal so far, and waited. */
  rested(): void {
    this.#refusal = { ...none }
  }

  /** Counts the bytes of a message. Returns milliseconds in which no more are read. */
  bytes(bytes: number): number | Promise<number> {
    const { accountBytes, systemBytes, rateWindow } = this.#options.settings
    const limit = this.#isSystem ? systemBytes : accountBytes
    if (limit === 0) return 0
    const check = ({ spent, resetsIn }: Count) => (spent > limit ? resetsIn : 0)
    const count = this.#options.store.take(this.#bytesKey, bytes, rateWindow)
    return count instanceof Promise ? count.then(check) : check(count)
  }

  #countOwn(now: number, duration: number): Count {
    if (this.#own.endsAt <= now) this.#own = { spent: 0, endsAt: now + duration }
    this.#own.spent += 1
    return { spent: this.#own.spent, resetsIn: this.#own.endsAt - now }
  }

  #refuse(limit: string, { resetsIn }: Count, says: boolean): RateRefusal {
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
    const { accountRequests, systemRequests, sessionRequests } = this.#options.settings
    return Math.max(this.#isSystem ? systemRequests : accountRequests, sessionRequests)
  }
}
