import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { rateLimited } from '../../rates/rate-limited.ts'
import { FairQueue } from '../../time/fair-queue.ts'

/** Cost of scrypt, as OWASP recommends (Password Storage Cheat Sheet, 2023): N = 2^17, r = 8, 128 MiB. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }
const KEY_LENGTH = 32
/** Hashes that are computed at once; each needs 128 MiB, and one of the four threads that files need too. */
const CONCURRENT = 2
/** Hashes that may wait for their turn, in all and for one address. */
const MAX_WAITING = 2000
const MAX_ADDRESS_WAITING = 500
/** Milliseconds of a hash, about: to tell when there is room again. */
const HASH_TIME = 250

/** Who wants a password hashed. */
export interface Asker {
  /** Addresses take turns. */
  address: string
  /** Called when it is its turn. @throws the reason why it may not have it any more */
  check?: () => Promise<void>
}

/** Hashes and checks passwords, a few at a time. */
export class Passwords {
  readonly #queue = new FairQueue({
    concurrency: CONCURRENT,
    waiting: MAX_WAITING,
    waitingOfKey: MAX_ADDRESS_WAITING,
  })

  /** `salt:hash`, both base64. @throws StatusError `platform:status:RateLimited` when too many wait */
  async hash(password: string, asker: Asker): Promise<string> {
    const salt = randomBytes(16)
    return `${salt.toString('base64')}:${(await this.#derive(password, salt, asker)).toString('base64')}`
  }

  /**
   * Takes as long for an account without a password as for one with a password.
   * @throws StatusError `platform:status:RateLimited` when too many wait
   */
  async match(password: string, kept: string | undefined, asker: Asker): Promise<boolean> {
    const [salt = '', hash = ''] = (kept ?? 'AAAAAAAAAAAAAAAAAAAAAA==:').split(':')
    const derived = await this.#derive(password, Buffer.from(salt, 'base64'), asker)
    const expected = Buffer.from(hash, 'base64')
    return expected.length === derived.length && timingSafeEqual(derived, expected)
  }

  async #derive(password: string, salt: Buffer, { address, check }: Asker): Promise<Buffer> {
    if (!this.#queue.hasRoom(address))
      throw rateLimited('waiting logins', (this.#queue.waiting * HASH_TIME) / CONCURRENT)
    return await this.#queue.run(address, async () => {
      await check?.()
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, KEY_LENGTH, COST, (error, key) =>
          error === null ? resolve(key) : reject(error),
        )
      })
    })
  }
}
