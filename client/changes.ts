import { StatusError } from '../model/status.ts'
import type { Tx, TxCUD } from '../model/transactions.ts'
import type { Response } from '../protocol/messages.ts'
import type { Cancel, Clock } from './environment.ts'
import type { ClientModel } from './model/client-model.ts'
import { PendingChanges } from './pending-changes.ts'
import type { RequestOptions } from './reconnecting/requests.ts'
import type { ClientStore } from './store/client-store.ts'
import { KeptChanges } from './store/kept-changes.ts'

/** Milliseconds until a change that was answered and not pushed is looked after. */
const PUSH_PATIENCE = 1000

/** A change the server refuses. */
export interface Conflict {
  tx: Tx
  error: StatusError
}

export interface ChangesOptions {
  request: (method: string, params: readonly unknown[], options?: RequestOptions) => Promise<Response>
  clock: Clock
  model: ClientModel
  store: ClientStore | undefined
  /** What is pending has changed. */
  changed: () => void
  conflict: (conflict: Conflict) => void
}

/** Changes on their way: shown until the log has them or the server refuses, kept until they are answered. */
export class Changes {
  readonly #options: ChangesOptions
  readonly #pending: PendingChanges
  readonly #kept: KeptChanges | undefined
  readonly #timers = new Set<Cancel>()
  /** Until what an earlier life left is under way: what is changed now comes after that. */
  #restoring: Promise<void> | undefined
  #isRestored: () => void = () => undefined
  /** Answered, and not pushed yet. */
  readonly #answered = new Set<string>()

  constructor(options: ChangesOptions) {
    this.#options = options
    this.#pending = new PendingChanges(options.model)
    if (options.store === undefined) return
    this.#kept = new KeptChanges(options.store)
    this.#restoring = new Promise((resolve) => (this.#isRestored = resolve))
  }

  effects(): TxCUD[] {
    return this.#pending.effects()
  }

  /** Sends again what an earlier life of this client left, in order. */
  async restore(): Promise<void> {
    for (const tx of (await this.#kept?.load()) ?? []) {
      this.#send(tx).catch((error: unknown) => {
        if (error instanceof StatusError) this.#options.conflict({ tx, error })
      })
    }
    this.#restoring = undefined
    this.#isRestored()
  }

  async send(tx: Tx, options?: RequestOptions): Promise<unknown> {
    if (this.#restoring !== undefined) await this.#restoring
    return await this.#send(tx, options)
  }

  async #send(tx: Tx, options?: RequestOptions): Promise<unknown> {
    if (isChange(tx)) {
      this.#pending.add(tx)
      this.#options.changed()
    }
    const keeping = this.#kept?.add(tx)
    try {
      const { result } = await this.#options.request('tx', [tx], options)
      await keeping
      await this.#kept?.remove(tx)
      this.#wasAnswered(tx)
      return result
    } catch (error) {
      if (error instanceof StatusError) {
        await keeping?.catch(() => undefined)
        await this.#kept?.remove(tx)
      }
      this.#drop(tx._id)
      throw error
    }
  }

  /** These are in the log. */
  confirm(txes: readonly Tx[]): void {
    this.#pending.confirm(txes)
    for (const { _id } of txes) this.#answered.delete(_id)
  }

  /** What was answered is in whatever is asked for from now on. */
  reloaded(): void {
    for (const id of this.#answered) this.#pending.remove(id)
    this.#answered.clear()
  }

  stop(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #drop(id: string): void {
    this.#answered.delete(id)
    if (this.#pending.remove(id)) this.#options.changed()
  }

  /** Its push comes after the answer; one that never comes is not waited for for ever. */
  #wasAnswered(tx: Tx): void {
    if (!this.#pending.has(tx)) return
    this.#answered.add(tx._id)
    const cancel = this.#options.clock.schedule(PUSH_PATIENCE, () => {
      this.#timers.delete(cancel)
      if (!this.#pending.has(tx)) return
      // The server answers after what it pushed before.
      const drop = () => this.#drop(tx._id)
      this.#options.request('ping', []).then(drop, drop)
    })
    this.#timers.add(cancel)
  }
}

function isChange(tx: Tx): tx is TxCUD {
  return 'objectId' in tx && 'objectClass' in tx
}
