import type { Tx } from '../../model/transactions.ts'
import type { ModelResponse } from '../../model/workspace-model.ts'
import { core } from '../../model/identifiers.ts'
import { EMPTY_MODEL_HASH } from '../../model/hash-chain.ts'
import type { Response } from '../../protocol/messages.ts'
import type { ClientLogger } from '../runtime/client-logger.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import { ClientError } from '../runtime/errors.ts'
import type { GuardedStore } from '../store/guarded-store.ts'
import { KeptModel } from './kept-model.ts'
import { ClientModel } from './client-model.ts'

/** Milliseconds until a load that failed is tried again; doubled up to the longest. */
const FIRST_RETRY = 500
const LONGEST_RETRY = 30_000

const unchanged = { structural: false, unfit: false }

export interface ModelLoaderOptions {
  request: (method: string, params: readonly unknown[]) => Promise<Response>
  clock: Clock
  store: GuardedStore | undefined
  logger: ClientLogger
}

/** Keeps the client's model up to date: what it lacks is loaded, what is committed is taken in. */
export class ModelLoader {
  readonly model = new ClientModel()
  /** Resolves when there is a model, of the server or of the store. */
  readonly loaded: Promise<void>
  readonly #options: ModelLoaderOptions
  readonly #kept: KeptModel | undefined
  #isLoaded: () => void = () => undefined
  /** Pushed while an answer is on its way: that may come before them in the log. */
  #meanwhile: Tx[] | undefined
  /** What is there does not go on where the server's does: all of it is asked for. */
  #isUnfit = false
  #loads = 0
  #cancelRetry: Cancel = () => undefined
  #isStopped = false

  constructor(options: ModelLoaderOptions) {
    this.#options = options
    this.loaded = new Promise((resolve) => (this.#isLoaded = resolve))
    this.#kept =
      options.store === undefined ? undefined : new KeptModel(options.store, this.model, options.clock)
  }

  async restore(): Promise<void> {
    try {
      await this.#kept?.load()
    } catch (error) {
      this.#options.store?.tell(error)
    }
    if (this.model.isLoaded) this.#isLoaded()
  }

  /**
   * Loads what is missing, again and again until that succeeds.
   *
   * @returns `false` when a later load does it, or there will be no answer
   */
  async load(): Promise<boolean> {
    this.#loads += 1
    const load = this.#loads
    this.#cancelRetry()
    for (let retries = 0; ; retries++) {
      // An answer has all that was committed before it.
      this.#meanwhile = []
      const isDone = await this.#tryLoad(load)
      if (isDone !== undefined) return isDone
      await this.#wait(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(retries, 16)))
      if (load !== this.#loads || this.#isStopped) return false
    }
  }

  /** Tells whether classes or attributes have changed, and whether the model has to be loaded anew. */
  apply(txes: readonly Tx[]): { structural: boolean; unfit: boolean } {
    const own = txes.filter(({ objectSpace }) => objectSpace === core.space.Model)
    if (own.length === 0) return unchanged
    if (this.#meanwhile === undefined) return this.#take(own)
    this.#meanwhile = [...this.#meanwhile, ...own]
    return unchanged
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelRetry()
    this.#kept?.stop()
  }

  /** `undefined`: it is to be tried again. */
  async #tryLoad(load: number): Promise<boolean | undefined> {
    try {
      const hash = this.#isUnfit ? EMPTY_MODEL_HASH : this.model.hash
      const { result } = await this.#options.request('loadModel', [0, hash])
      if (load !== this.#loads) return false
      this.#loadedModel(result as ModelResponse)
      return true
    } catch (error) {
      if (load !== this.#loads) return false
      this.#options.logger.warn('the model was not loaded', { error: String(error) })
      // The next connection asks again, or there is none.
      const isOver = error instanceof ClientError && error.code !== 'overloaded'
      if (isOver) this.#meanwhile = undefined
      return isOver ? false : undefined
    }
  }

  #loadedModel(answer: ModelResponse): void {
    // Until it has succeeded.
    this.#isUnfit = true
    const unfit = this.model.load(answer)
    this.#isUnfit = false
    if (unfit.length > 0)
      this.#options.logger.warn('transactions do not fit the model', { count: unfit.length })
    const meanwhile = this.#meanwhile
    this.#meanwhile = undefined
    this.#take(meanwhile ?? [])
    this.#kept?.changed()
    this.#isLoaded()
  }

  #take(txes: readonly Tx[]): { structural: boolean; unfit: boolean } {
    const { changed, structural, unfit } = this.model.apply(txes)
    if (changed) this.#kept?.changed()
    if (unfit) {
      this.#options.logger.warn('what was pushed does not fit the model', {})
      this.#isUnfit = true
    }
    return { structural, unfit }
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
