import type { Tx } from '../../model/transactions.ts'
import type { ModelAnswer } from '../../model/workspace-model.ts'
import type { Response } from '../../protocol/messages.ts'
import type { ClientLogger, Clock } from '../environment.ts'
import { ClientError } from '../errors.ts'
import type { ClientStore } from '../store/client-store.ts'
import { KeptModel } from '../store/kept-model.ts'
import { ClientModel } from './client-model.ts'

export interface ModelLoaderOptions {
  request: (method: string, params: readonly unknown[]) => Promise<Response>
  clock: Clock
  store: ClientStore | undefined
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
  #isOver: (error: ClientError) => void = () => undefined
  /** Pushed while an answer is on its way: that may come before them in the log. */
  #meanwhile: Tx[] | undefined
  #loads = 0

  constructor(options: ModelLoaderOptions) {
    this.#options = options
    this.loaded = new Promise((resolve, reject) => {
      this.#isLoaded = resolve
      this.#isOver = reject
    })
    // Nobody may be waiting.
    this.loaded.catch(() => undefined)
    this.#kept =
      options.store === undefined ? undefined : new KeptModel(options.store, this.model, options.clock)
  }

  async restore(): Promise<void> {
    try {
      await this.#kept?.load()
    } catch {
      this.#options.logger.warn('the kept model cannot be used', {})
    }
    if (this.model.isLoaded) this.#isLoaded()
  }

  /** Loads what is missing; `false` when a later load does it, or there will be no answer. */
  async load(): Promise<boolean> {
    this.#loads += 1
    const load = this.#loads
    this.#meanwhile ??= []
    try {
      const { result } = await this.#options.request('loadModel', [0, this.model.hash])
      if (load !== this.#loads) return false
      this.model.load(result as ModelAnswer)
      const meanwhile = this.#meanwhile
      this.#meanwhile = undefined
      this.model.apply(meanwhile ?? [])
    } catch (error) {
      if (load === this.#loads) this.#meanwhile = undefined
      this.#options.logger.warn('the model was not loaded', { error: String(error) })
      return false
    }
    this.#kept?.changed()
    this.#isLoaded()
    return true
  }

  /** Tells whether classes or attributes have changed. */
  apply(txes: readonly Tx[]): boolean {
    if (this.#meanwhile !== undefined) {
      this.#meanwhile.push(...txes)
      return false
    }
    const { changed, structural } = this.model.apply(txes)
    if (changed) this.#kept?.changed()
    return structural
  }

  stop(): void {
    this.#kept?.stop()
    this.#isOver(new ClientError('terminated', 'the client was terminated'))
  }
}
