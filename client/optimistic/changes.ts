import { StatusError } from '../../model/status.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Response } from '../../protocol/messages.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import { ClientError } from '../runtime/errors.ts'
import type { ClientModel } from '../model/client-model.ts'
import type { Deadline } from '../runtime/deadline.ts'
import { PendingChanges } from './pending-changes.ts'
import type { RequestOptions } from '../connection/requests.ts'
import type { GuardedStore } from '../store/guarded-store.ts'
import { StoredChanges } from '../store/stored-changes.ts'

/** Milliseconds until a change that was answered and not pushed is looked after. */
const PUSH_TIMEOUT = 1000

/** A change of an earlier life that the server refuses, or that newer ones have overtaken (`Overtaken`). */
export interface Conflict {
  tx: Tx
  error: StatusError
}

export interface ChangesOptions {
  request: (
    method: string,
    params: readonly unknown[],
    options?: RequestOptions,
    deadline?: Deadline,
  ) => Promise<Response>
  clock: Clock
  model: ClientModel
  store: GuardedStore | undefined
  /** Something is pending, or is not any more: what it does to documents. */
  changed: (effects: readonly TxCUD[]) => void
  conflict: (conflict: Conflict) => void
}

/** Changes on their way: shown until the log has them or the server refuses, kept until they are answered. */
export class Changes {
  readonly #options: ChangesOptions
  readonly #pending: PendingChanges
  readonly #kept: StoredChanges | undefined
  readonly #timers = new Set<Cancel>()
  /** Until what an earlier life left is under way: what is changed now comes after that. */
  #restoring: Promise<void> | undefined
  #isRestored: () => void = () => undefined
  /** Answered, and not pushed yet. */
  readonly #answered = new Set<string>()
  #isStopped = false

  constructor(options: ChangesOptions) {
    this.#options = options
    this.#pending = new PendingChanges(options.model)
    const { store } = options
    if (store === undefined) return
    const damaged = (error: Error) => store.tell(error)
    const late = (txes: readonly Tx[]) => this.#sendAll(txes)
    const overtaken = (txes: readonly Tx[]) => this.#overtaken(txes)
    this.#kept = new StoredChanges(store, { damaged, late, overtaken }, options.clock.now)
    this.#restoring = new Promise((resolve) => (this.#isRestored = resolve))
  }

  effects(): TxCUD[] {
    return this.#pending.effects()
  }

  /** Sends again what an earlier life of this client left, in order. */
  async restore(): Promise<void> {
    this.#sendAll((await this.#kept?.load()) ?? [])
    this.#restoring = undefined
    this.#isRestored()
  }

  /** @throws StatusError why the server refuses it; ClientError when there will be no answer */
  async send(tx: Tx, options: RequestOptions | undefined, deadline: Deadline): Promise<unknown> {
    if (this.#restoring !== undefined) await deadline.race(this.#restoring)
    this.#show(tx)
    const keeping = this.#kept?.add(tx)
    let result: unknown
    try {
      result = (await this.#options.request('tx', [tx], options, deadline)).result
    } catch (error) {
      return await this.#failed(tx, { error, keeping, deadline })
    }
    this.#wasAnswered(tx)
    // Sent again it has the same answer.
    await deadline.race(this.#forget(tx, keeping)).catch(() => undefined)
    return result
  }

  /** These are in the log: what those of them that were made here did to documents. */
  confirm(txes: readonly Tx[]): TxCUD[] {
    if (this.#answered.size > 0) for (const { _id } of txes) this.#answered.delete(_id)
    return this.#pending.confirm(txes)
  }

  /** What was answered is in whatever is asked for from now on. */
  reloaded(): void {
    const effects = [...this.#answered].flatMap((id) => this.#pending.remove(id))
    this.#answered.clear()
    if (effects.length > 0) this.#options.changed(effects)
  }

  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #sendAll(txes: readonly Tx[]): void {
    for (const tx of txes) {
      this.#sendKept(tx).catch((error: unknown) => {
        if (error instanceof StatusError) this.#options.conflict({ tx, error })
      })
    }
  }

  /** Sent now they would win over what was changed after them. */
  #overtaken(txes: readonly Tx[]): void {
    const message = 'newer changes were made while the store did not tell of it'
    for (const tx of txes) {
      this.#options.conflict({ tx, error: new StatusError('platform:status:Overtaken', { message }) })
    }
  }

  async #sendKept(tx: Tx): Promise<void> {
    this.#show(tx)
    try {
      await this.#options.request('tx', [tx])
      this.#wasAnswered(tx)
      await this.#kept?.remove(tx)
    } catch (error) {
      this.#hide(tx._id)
      // Nobody is told of another end: the next life sends it.
      if (error instanceof StatusError) await this.#kept?.remove(tx)
      throw error
    }
  }

  /**
   * What was reported as refused or given up is not sent by a later life; what an end of the client cuts short is.
   *
   * @throws the error
   */
  async #failed(
    tx: Tx,
    { error, keeping, deadline }: { error: unknown; keeping: Promise<void> | undefined; deadline: Deadline },
  ): Promise<never> {
    this.#hide(tx._id)
    const end = endOf(error)
    if (end !== undefined && this.#kept !== undefined) throw end
    const forgetting = this.#forget(tx, keeping)
    // Of a call whose time is over that is all that is waited for, and the store answers in time.
    await (error instanceof StatusError ? deadline.race(forgetting).catch(() => undefined) : forgetting)
    throw error
  }

  async #forget(tx: Tx, keeping: Promise<void> | undefined): Promise<void> {
    await keeping
    await this.#kept?.remove(tx)
  }

  #show(tx: Tx): void {
    if (isChange(tx)) this.#options.changed(this.#pending.add(tx))
  }

  #hide(id: string): void {
    this.#answered.delete(id)
    const effects = this.#pending.remove(id)
    if (effects.length > 0) this.#options.changed(effects)
  }

  /** Its push comes after the answer; one that never comes is not waited for for ever. */
  #wasAnswered(tx: Tx): void {
    if (!this.#pending.has(tx) || this.#isStopped) return
    this.#answered.add(tx._id)
    const cancel = this.#options.clock.schedule(PUSH_TIMEOUT, () => {
      this.#timers.delete(cancel)
      if (!this.#pending.has(tx)) return
      // The server answers after what it pushed before.
      const hide = () => this.#hide(tx._id)
      this.#options.request('ping', []).then(hide, hide)
    })
    this.#timers.add(cancel)
  }
}

/** The end of the client, where that is why there is no answer. */
function endOf(error: unknown): ClientError | undefined {
  if (!(error instanceof ClientError)) return undefined
  const reason = error.code === 'uncertain' ? error.cause : error
  return reason instanceof ClientError && reason.code === 'terminated' ? reason : undefined
}

function isChange(tx: Tx): tx is TxCUD {
  return 'objectId' in tx && 'objectClass' in tx
}
