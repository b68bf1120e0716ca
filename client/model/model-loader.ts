import type { Tx } from '../../model/transactions.ts'
import type { ModelResponse } from '../../model/workspace-model.ts'
import { core } from '../../model/identifiers.ts'
import { EMPTY_MODEL_HASH } from '../../model/hash-chain.ts'
import type { Response } from '../../protocol/messages.ts'
import type { ClientLogger } from '../runtime/client-logger.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import { ClientError } from '../runtime/errors.ts'
import { resultOf } from '../runtime/result-of.ts'
import type { GuardedStore } from '../store/guarded-store.ts'
import { StoredModel } from './stored-model.ts'
import { ClientModel } from './client-model.ts'

/** Milliseconds until a failed load is repeated. Doubled up to the longest. */
const FIRST_RETRY = 500
const LONGEST_RETRY = 30_000

const unchanged = { structural: false, inconsistent: false }

export interface ModelLoaderOptions {
  request: (method: string, params: readonly unknown[]) => Promise<Response>
  clock: Clock
  store: GuardedStore | undefined
  logger: ClientLogger
}

/** Loads the client's model, and updates it with pushed transactions. */
export class ModelLoader {
  readonly model = new ClientModel()
  /** Resolves when there is a model, from the server or from the store. */
  readonly loaded: Promise<void>
  readonly #options: ModelLoaderOptions
  readonly #stored: StoredModel | undefined
  #isLoaded: () => void = () => undefined
  /** Transactions that were pushed during a load: they are applied after it, as its response may precede them in the log. */
  #pushed: Tx[] | undefined
  /** The model differs from the server's: all of it is loaded. */
  #isInconsistent = false
  #loads = 0
  #cancelRetry: Cancel = () => undefined
  #isStopped = false

  constructor(options: ModelLoaderOptions) {
    this.#options = options
    this.loaded = new Promise((resolve) => (this.#isLoaded = resolve))
    this.#stored =
      options.store === undefined ? undefined : new StoredModel(options.store, this.model, options.clock)
  }

  async restore(): Promise<void> {
    try {
      await this.#stored?.load()
    } catch (error) {
      this.#options.store?.report(error)
    }
    if (this.model.isLoaded) this.#isLoaded()
  }

  /**
   * Loads the transactions that the model lacks. Repeats the request until it succeeds.
   *
   * @returns `false` when a later load replaces this one, or there will be no response
   */
  async load(): Promise<boolean> {
    this.#loads += 1
    const load = this.#loads
    this.#cancelRetry()
    for (let retries = 0; ; retries++) {
      // The next response contains everything that was pushed before.
      this.#pushed = []
      const isDone = await this.#tryLoad(load)
      if (isDone !== undefined) return isDone
      await this.#wait(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(retries, 16)))
      if (load !== this.#loads || this.#isStopped) return false
    }
  }

  /** Applies pushed transactions. Returns whether classes or attributes changed, and whether the model has to be reloaded. */
  apply(txes: readonly Tx[]): { structural: boolean; inconsistent: boolean } {
    const own = txes.filter(({ objectSpace }) => objectSpace === core.space.Model)
    if (own.length === 0) return unchanged
    if (this.#pushed === undefined) return this.#apply(own)
    this.#pushed = [...this.#pushed, ...own]
    return unchanged
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelRetry()
    this.#stored?.stop()
  }

  /** `undefined`: a retry may succeed. */
  async #tryLoad(load: number): Promise<boolean | undefined> {
    try {
      const hash = this.#isInconsistent ? EMPTY_MODEL_HASH : this.model.hash
      const response = await this.#options.request('loadModel', [0, hash])
      if (load !== this.#loads) return false
      this.#received(resultOf<ModelResponse>(response))
      return true
    } catch (error) {
      if (load !== this.#loads) return false
      this.#options.logger.warn('the model was not loaded', { error: String(error) })
      // After other errors of the client the next connection loads it, or there is none.
      const isOver = error instanceof ClientError && error.code !== 'overloaded'
      if (isOver) this.#pushed = undefined
      return isOver ? false : undefined
    }
  }

  #received(answer: ModelResponse): void {
    // Stays so if `load` throws.
    this.#isInconsistent = true
    const rejected = this.model.load(answer)
    this.#isInconsistent = false
    if (rejected.length > 0)
      this.#options.logger.warn('transactions do not fit the model', { count: rejected.length })
    const pushed = this.#pushed
    this.#pushed = undefined
    this.#apply(pushed ?? [])
    this.#stored?.changed()
    this.#isLoaded()
  }

  #apply(txes: readonly Tx[]): { structural: boolean; inconsistent: boolean } {
    const { changed, structural, inconsistent } = this.model.apply(txes)
    if (changed) this.#stored?.changed()
    if (inconsistent) {
      this.#options.logger.warn('pushed transactions do not fit the model', {})
      this.#isInconsistent = true
    }
    return { structural, inconsistent }
  }

  async #wait(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.schedule(milliseconds, resolve)
      this.#cancelRetry = () => {
        cancel()
        resolve()
      }
    })
  }
}
