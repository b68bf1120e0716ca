import type { Account, Ref, UserStatus } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCreateDoc, TxUpdateDoc } from '../../model/transactions.ts'
import { systemCaller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

interface Presence {
  sessions: number
  cancelOffline: Cancel | undefined
  /** The last change: changes of one account are made one after another. */
  last: Promise<void>
}

/**
 * UserStatus documents of one workspace: online with an account's first session, offline when the reconnect
 * window is over and no session of it is left.
 */
export class UserStatuses {
  readonly #pipeline: Pipeline
  readonly #wheel: TimerWheel
  readonly #logger: Logger
  readonly #window: number
  readonly #now: () => number
  readonly #present = new Map<Ref<Account>, Presence>()

  constructor(options: {
    pipeline: Pipeline
    wheel: TimerWheel
    logger: Logger
    window: number
    now: () => number
  }) {
    this.#pipeline = options.pipeline
    this.#wheel = options.wheel
    this.#logger = options.logger
    this.#window = options.window
    this.#now = options.now
  }

  joined(account: Ref<Account>): void {
    const presence = this.#present.get(account) ?? {
      sessions: 0,
      cancelOffline: undefined,
      last: Promise.resolve(),
    }
    this.#present.set(account, presence)
    presence.sessions += 1
    const wasLeaving = presence.cancelOffline !== undefined
    presence.cancelOffline?.()
    presence.cancelOffline = undefined
    if (presence.sessions === 1 && !wasLeaving) this.#set(presence, account, true)
  }

  left(account: Ref<Account>): void {
    const presence = this.#present.get(account)
    if (presence === undefined) return
    presence.sessions -= 1
    if (presence.sessions > 0) return
    presence.cancelOffline = this.#wheel.schedule(this.#window, () => {
      this.#present.delete(account)
      this.#set(presence, account, false)
    })
  }

  /** The workspace closes, and its transient documents with it. */
  stop(): void {
    for (const { cancelOffline } of this.#present.values()) cancelOffline?.()
    this.#present.clear()
  }

  #set(presence: Presence, account: Ref<Account>, online: boolean): void {
    presence.last = presence.last
      .then(async () => await this.#commit(account, online))
      .catch((error: unknown) => this.#logger.error({ err: error, account }, 'a user status was not set'))
  }

  async #commit(account: Ref<Account>, online: boolean): Promise<void> {
    const found = (await this.#pipeline.find(systemCaller, {
      _class: core.class.UserStatus,
      query: { user: account },
      options: {},
    })) as unknown as UserStatus[]
    await this.#pipeline.tx(systemCaller, this.#change(account, online, found[0]))
  }

  #change(account: Ref<Account>, online: boolean, known: UserStatus | undefined): TxCreateDoc | TxUpdateDoc {
    const fields = {
      _id: this.#pipeline.generateId(),
      space: core.space.DerivedTx,
      objectId: known?._id ?? this.#pipeline.generateId<UserStatus>(),
      objectClass: core.class.UserStatus,
      objectSpace: core.space.Space,
      modifiedBy: account,
      modifiedOn: this.#now(),
    }
    return known === undefined
      ? { ...fields, _class: core.class.TxCreateDoc, attributes: { online, user: account } }
      : { ...fields, _class: core.class.TxUpdateDoc, operations: { online } }
  }
}
