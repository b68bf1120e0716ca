import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { StatusError } from '../../../model/status.ts'

/** Cost of scrypt, as OWASP recommends (Password Storage Cheat Sheet, 2023): N = 2^17, r = 8, 128 MiB. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }
const KEY_LENGTH = 32
/** Hashes that are computed at once; each needs 128 MiB. */
const MAX_CONCURRENT = 2
/** Hashes that may wait for their turn. */
const MAX_WAITING = 100

/** Hashes and checks passwords, a few at a time. */
export class Passwords {
  #running = 0
  readonly #waiting: (() => void)[] = []

  /** `salt:hash`, both base64. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16)
    return `${salt.toString('base64')}:${(await this.#derive(password, salt)).toString('base64')}`
  }

  /** Takes as long for an account without a password as for one with a password. */
  async match(password: string, kept: string | undefined): Promise<boolean> {
    const [salt = '', hash = ''] = (kept ?? 'AAAAAAAAAAAAAAAAAAAAAA==:').split(':')
    const derived = await this.#derive(password, Buffer.from(salt, 'base64'))
    const expected = Buffer.from(hash, 'base64')
    return expected.length === derived.length && timingSafeEqual(derived, expected)
  }

  /** @throws StatusError `platform:status:LimitReached` */
  async #derive(password: string, salt: Buffer): Promise<Buffer> {
    if (this.#running >= MAX_CONCURRENT) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new StatusError('platform:status:LimitReached', { limit: 'passwords', value: MAX_WAITING })
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#running += 1
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, KEY_LENGTH, COST, (error, key) =>
          error === null ? resolve(key) : reject(error),
        )
      })
    } finally {
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }
}
