import { createHash } from 'node:crypto'
import { GrowingWaits, type WaitSettings } from '../../rates/growing-waits.ts'
import type { LimitReports } from '../../rates/limit-reports.ts'
import { MemoryRateStore } from '../../rates/memory-rate-store.ts'
import { rateLimited } from '../../rates/rate-limited.ts'
import type { RateStore } from '../../rates/rate-store.ts'
import type { Person } from './model.ts'

export interface LoginSettings {
  loginAttempts: number
  addressLoginAttempts: number
  /** Milliseconds. */
  loginWait: number
}

export interface LoginLimitsOptions {
  /** As they are now. */
  settings: LoginSettings
  reports: Pick<LimitReports, 'hit'>
  /** Monotonic milliseconds. */
  monotonic: () => number
  /** A store of that many keys. By default in the memory of this process. */
  rateStore?: (keys: number) => RateStore
}

/** Who tries to log in, and from where. */
export interface LoginAttempt {
  /** Folded email. */
  id: string
  person: Pick<Person, 'addresses'> | undefined
  /** `''`: it is the server itself. */
  address: string
}

/** Accounts, unknown emails and addresses whose failures are remembered. */
const MAX_ACCOUNTS = 100_000
const MAX_STRANGERS = 10_000
const MAX_ADDRESSES = 50_000
/** Milliseconds of the longest wait at an address that the account knows, and of an address for all accounts. */
const KNOWN_WAIT = 30_000
const ADDRESS_WAIT = 60_000
/** Addresses that an account remembers. */
const MAX_KNOWN = 10

/**
 * Limits guesses of passwords by waits that grow. Failures elsewhere do not concern a person at an address from which
 * the account has logged in before: that pair has a count of its own. Failures of emails without an account are counted
 * apart, so that inventing emails makes the server forget no count of an account.
 */
export class LoginLimits {
  readonly #reports: Pick<LimitReports, 'hit'>
  readonly #accounts: GrowingWaits
  readonly #strangers: GrowingWaits
  readonly #known: GrowingWaits
  readonly #addresses: GrowingWaits

  constructor({ settings, reports, monotonic, rateStore }: LoginLimitsOptions) {
    this.#reports = reports
    const storeOf = rateStore ?? ((keys) => new MemoryRateStore({ keys, now: monotonic }))
    const waits = (keys: number, own: () => WaitSettings) => new GrowingWaits(storeOf(keys), own)
    const ofAccount = () => ({ free: settings.loginAttempts, longest: settings.loginWait })
    this.#accounts = waits(MAX_ACCOUNTS, ofAccount)
    this.#strangers = waits(MAX_STRANGERS, ofAccount)
    this.#known = waits(MAX_ACCOUNTS, () => ({
      free: settings.loginAttempts,
      longest: Math.min(settings.loginWait, KNOWN_WAIT),
    }))
    this.#addresses = waits(MAX_ADDRESSES, () => ({
      free: settings.addressLoginAttempts,
      longest: Math.min(settings.loginWait, ADDRESS_WAIT),
    }))
  }

  /** Attempts of one lane take turns, so that concurrent guesses do not all pass before the first one is counted. */
  laneOf(attempt: LoginAttempt): string {
    return isKnown(attempt) ? pairOf(attempt) : attempt.id
  }

  /** @throws StatusError `platform:status:RateLimited` */
  async check(attempt: LoginAttempt): Promise<void> {
    for (const { waits, key, limit } of this.#countsOf(attempt)) {
      const left = await waits.left(key)
      if (left === 0) continue
      this.#reports.hit(limit, { address: attempt.address })
      throw rateLimited(limit, left)
    }
  }

  async failed(attempt: LoginAttempt): Promise<void> {
    for (const { waits, key } of this.#countsOf(attempt)) await waits.failed(key)
    // Guesses from a known address count for the address too, which then waits at other accounts.
    if (isKnown(attempt) && attempt.address !== '') await this.#addresses.failed(attempt.address)
  }

  /** The password was right. That an account was guessed at from elsewhere stays known. */
  async succeeded(attempt: LoginAttempt): Promise<void> {
    const own = this.#countsOf(attempt)[0]
    await own?.waits.forget(own.key)
  }

  #countsOf(attempt: LoginAttempt): { waits: GrowingWaits; key: string; limit: string }[] {
    const { id, person, address } = attempt
    if (isKnown(attempt)) return [{ waits: this.#known, key: pairOf(attempt), limit: 'wrong passwords' }]
    const waits = person === undefined ? this.#strangers : this.#accounts
    const own = { waits, key: id, limit: 'wrong passwords' }
    if (address === '') return [own]
    return [own, { waits: this.#addresses, key: address, limit: 'wrong passwords of an address' }]
  }
}

/** The known addresses of a person who has logged in from this one; `undefined`: it is known already. */
export function addressesAfter(attempt: LoginAttempt): string[] | undefined {
  if (attempt.address === '' || isKnown(attempt)) return undefined
  const known = attempt.person?.addresses ?? []
  return [markOf(attempt.id, attempt.address), ...known].slice(0, MAX_KNOWN)
}

function isKnown({ id, person, address }: LoginAttempt): boolean {
  return address !== '' && person?.addresses?.includes(markOf(id, address)) === true
}

function pairOf({ id, address }: LoginAttempt): string {
  return `${address} ${id}`
}

/** What is stored of an address: enough to recognise it, and no list of where somebody was. */
function markOf(id: string, address: string): string {
  return createHash('sha256').update(`${id} ${address}`).digest('base64url').slice(0, 16)
}
