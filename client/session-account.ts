import type { Account, Ref } from '../model/documents.ts'
import { ClientError } from './runtime/errors.ts'
import type { Deadline } from './runtime/deadline.ts'
import type { GuardedStore } from './store/guarded-store.ts'

/** Where the store keeps whose session it was. */
const ACCOUNT = 'account'

interface Waiting {
  resolve: (account: Ref<Account>) => void
  reject: (error: Error) => void
}

/** Whose session it is: the options say it, or the store, or the server. */
export class SessionAccount {
  readonly #store: GuardedStore | undefined
  readonly #waiting = new Set<Waiting>()
  #id: Ref<Account> | undefined
  /** The server has said that there is none. */
  #isNone = false

  constructor(given: Ref<Account> | undefined, store: GuardedStore | undefined) {
    this.#store = store
    this.#id = given
  }

  get id(): Ref<Account> | undefined {
    return this.#id
  }

  async restore(): Promise<void> {
    if (this.#id !== undefined) return
    const kept = await this.#store?.get(ACCOUNT)
    if (typeof kept === 'string') this.#become(kept as Ref<Account>)
    else if (kept !== undefined) this.#store?.tell(new Error(`the store's entry ${ACCOUNT} is damaged`))
  }

  /** What hello said. */
  told(account: string | undefined): void {
    this.#isNone = account === undefined && this.#id === undefined
    if (this.#isNone) {
      for (const { reject } of this.#waiting) reject(noAccount())
      this.#waiting.clear()
    }
    if (account === undefined || account === this.#id) return
    this.#become(account as Ref<Account>)
    void this.#store?.set(ACCOUNT, account)
  }

  /** @throws ClientError when the session has none; the reason of the deadline */
  async known(deadline: Deadline): Promise<Ref<Account>> {
    if (this.#id !== undefined) return this.#id
    if (this.#isNone) throw noAccount()
    let waiting: Waiting | undefined
    const known = new Promise<Ref<Account>>((resolve, reject) => {
      waiting = { resolve, reject }
      this.#waiting.add(waiting)
    })
    try {
      return await deadline.race(known)
    } finally {
      if (waiting !== undefined) this.#waiting.delete(waiting)
    }
  }

  #become(account: Ref<Account>): void {
    this.#id = account
    for (const { resolve } of this.#waiting) resolve(account)
    this.#waiting.clear()
  }
}

function noAccount(): ClientError {
  return new ClientError('refused', 'the session has no account')
}
