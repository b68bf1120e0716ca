import { StatusError } from '../../model/status.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Response } from '../../protocol/messages.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import { ClientError } from '../runtime/errors.ts'
import type { ClientModel } from '../model/client-model.ts'
import { isChange } from '../../model/inner-change.ts'
import type { Deadline } from '../runtime/deadline.ts'
import { PendingChanges } from './pending-changes.ts'
import type { RequestOptions } from '../connection/request-options.ts'
import type { GuardedStore } from '../store/guarded-store.ts'
import { StoredChanges } from '../store/stored-changes.ts'

/** Milliseconds between the response to a change and the check for its push. */
const PUSH_TIMEOUT = 1000

/** A stored change that the server refuses, or that newer changes have overtaken (`platform:status:Overtaken`). */
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
  /** Called with the effects of a change that becomes pending, or is pending no more. */
  changed: (effects: readonly TxCUD[]) => void
  conflict: (conflict: Conflict) => void
}

/**
 * Optimistic changes. Live queries show a change until it is committed or refused, and the store has it until the server
 * responds.
 */
export class Changes {
  readonly #options: ChangesOptions
  readonly #pending: PendingChanges
  readonly #stored: StoredChanges | undefined
  readonly #timers = new Set<Cancel>()
  /** Resolves when the stored changes are on their way: later changes are sent after them. */
  #restoring: Promise<void> | undefined
  #isRestored: () => void = () => undefined
  /** Ids of changes that have a response, and were not pushed yet. */
  readonly #acknowledged = new Set<string>()
  #isStopped = false

  constructor(options: ChangesOptions) {
    this.#options = options
    this.#pending = new PendingChanges(options.model)
    const { store } = options
    if (store === undefined) return
    const damaged = (error: Error) => store.report(error)
    const late = (txes: readonly Tx[]) => this.#sendStored(txes)
    const overtaken = (txes: readonly Tx[]) => this.#overtaken(txes)
    this.#stored = new StoredChanges(store, { damaged, late, overtaken }, options.clock.now)
    this.#restoring = new Promise((resolve) => (this.#isRestored = resolve))
  }

  effects(): TxCUD[] {
    return this.#pending.effects()
  }

  /** Sends the changes that an earlier client left in the store, in order. */
  async restore(): Promise<void> {
    this.#sendStored((await this.#stored?.load()) ?? [])
    this.#restoring = undefined
    this.#isRestored()
  }

  /** @throws StatusError why the server refuses it; ClientError when there will be no response */
  async send(tx: Tx, options: RequestOptions | undefined, deadline: Deadline): Promise<Response> {
    if (this.#restoring !== undefined) await deadline.race(this.#restoring)
    this.#show(tx)
    const storing = this.#stored?.add(tx)
    let response: Response
    try {
      response = await this.#options.request('tx', [tx], options, deadline)
    } catch (error) {
      return await this.#failed(tx, { error, storing, deadline })
    }
    this.#acknowledge(tx)
    // A deadline that expires here changes nothing: the response is known.
    await deadline.race(this.#forget(tx, storing)).catch(() => undefined)
    return response
  }

  /** The transactions are committed. Returns the effects of those that were pending. */
  confirm(txes: readonly Tx[]): TxCUD[] {
    if (this.#acknowledged.size > 0) for (const { _id } of txes) this.#acknowledged.delete(_id)
    return this.#pending.confirm(txes)
  }

  /** Everything is loaded again, after the response to the acknowledged changes: the server's results contain them. */
  reloaded(): void {
    const effects = [...this.#acknowledged].flatMap((id) => this.#pending.remove(id))
    this.#acknowledged.clear()
    if (effects.length > 0) this.#options.changed(effects)
  }

  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #sendStored(txes: readonly Tx[]): void {
    for (const tx of txes) {
      this.#sendOneStored(tx).catch((error: unknown) => {
        if (error instanceof StatusError) this.#options.conflict({ tx, error })
      })
    }
  }

  /** They are not sent: they would overwrite newer changes. */
  #overtaken(txes: readonly Tx[]): void {
    const message = 'newer changes were made before the store returned it'
    for (const tx of txes) {
      this.#options.conflict({ tx, error: new StatusError('platform:status:Overtaken', { message }) })
    }
  }

  async #sendOneStored(tx: Tx): Promise<void> {
    this.#show(tx)
    try {
      await this.#options.request('tx', [tx])
      this.#acknowledge(tx)
      await this.#stored?.remove(tx)
    } catch (error) {
      this.#hide(tx._id)
      // After other errors the next client over this store sends it.
      if (error instanceof StatusError) await this.#stored?.remove(tx)
      throw error
    }
  }

  /**
   * Removes the change from the store, so that no later client sends a change that was reported as failed. It stays
   * stored when `terminate` was the cause.
   *
   * @throws the error
   */
  async #failed(
    tx: Tx,
    { error, storing, deadline }: { error: unknown; storing: Promise<void> | undefined; deadline: Deadline },
  ): Promise<never> {
    this.#hide(tx._id)
    const termination = terminationOf(error)
    if (termination !== undefined && this.#stored !== undefined) throw termination
    const forgetting = this.#forget(tx, storing)
    // The deadline may have expired; the guarded store has a timeout of its own.
    await (error instanceof StatusError ? deadline.race(forgetting).catch(() => undefined) : forgetting)
    throw error
  }

  async #forget(tx: Tx, storing: Promise<void> | undefined): Promise<void> {
    await storing
    await this.#stored?.remove(tx)
  }

  #show(tx: Tx): void {
    if (isChange(tx)) this.#options.changed(this.#pending.add(tx))
  }

  #hide(id: string): void {
    this.#acknowledged.delete(id)
    const effects = this.#pending.remove(id)
    if (effects.length > 0) this.#options.changed(effects)
  }

  /** The change stays visible until its push, which follows the response. If none comes, it is hidden after a timeout. */
  #acknowledge(tx: Tx): void {
    if (!this.#pending.has(tx) || this.#isStopped) return
    this.#acknowledged.add(tx._id)
    const cancel = this.#options.clock.schedule(PUSH_TIMEOUT, () => {
      this.#timers.delete(cancel)
      if (!this.#pending.has(tx)) return
      // The server sends pushes and responses in order: after this response there will be no push.
      const hide = () => this.#hide(tx._id)
      this.#options.request('ping', []).then(hide, hide)
    })
    this.#timers.add(cancel)
  }
}

/** The error of `terminate`, if that is why there is no response. */
function terminationOf(error: unknown): ClientError | undefined {
  if (!(error instanceof ClientError)) return undefined
  const reason = error.code === 'uncertain' ? error.cause : error
  return reason instanceof ClientError && reason.code === 'terminated' ? reason : undefined
}
