import type { Account, Doc, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { EMPTY_MODEL_HASH } from '../../model/hash-chain.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import type { Tx } from '../../model/transactions.ts'
import { type ModelResponse, WorkspaceModel } from '../../model/workspace-model.ts'

/** The model of the workspace, as the client knows it. */
export class ClientModel implements DocumentSource {
  #state = new State()

  get hierarchy(): Hierarchy {
    return this.#state.model.hierarchy
  }

  /** Of all model transactions it has; the server is asked for those after it. */
  get hash(): string {
    return this.#state.hash
  }

  get isLoaded(): boolean {
    return this.#state.transactions.length > 0
  }

  get transactions(): readonly Tx[] {
    return this.#state.transactions
  }

  get(domain: Domain, id: string): Doc | undefined {
    return domain === domains.model ? this.#state.model.get(id) : undefined
  }

  documents(domain: Domain): Iterable<Doc> {
    return domain === domains.model ? this.#state.model.documents() : []
  }

  accountOf(email: string): Account | undefined {
    return this.#state.model.accountOf(email)
  }

  /**
   * What `loadModel` answered: all of it at once where it is everything.
   *
   * @returns transactions that do not fit: they are left out
   * @throws Error when a part does not add up to what the server has
   */
  load({ transactions, full, hash }: ModelResponse): Tx[] {
    const state = full ? new State() : this.#state
    const unfit = transactions.filter((tx) => !state.add(tx))
    if (!full && state.hash !== hash) throw new Error('the model does not add up')
    this.#state = state
    return unfit
  }

  /** Nothing is known any more. */
  clear(): void {
    this.#state = new State()
  }

  /**
   * Takes in those of the transactions that change the model; tells whether classes or attributes have changed, and
   * whether there was one that does not fit: then it is not the server's model any more.
   */
  apply(txes: readonly Tx[]): { changed: boolean; structural: boolean; unfit: boolean } {
    const own = txes.filter(({ _id, objectSpace }) => isOfModel(objectSpace) && !this.#state.knows(_id))
    const { version } = this.#state.model
    const unfit = own.filter((tx) => !this.#state.add(tx))
    const structural = this.#state.model.version !== version
    return { changed: own.length > 0, structural, unfit: unfit.length > 0 }
  }
}

/** Transactions, and what they make. */
class State {
  readonly model = new WorkspaceModel()
  readonly transactions: Tx[] = []
  readonly #known = new Set<string>()

  get hash(): string {
    return this.transactions.length === 0 ? EMPTY_MODEL_HASH : this.model.hash
  }

  knows(id: string): boolean {
    return this.#known.has(id)
  }

  /** `false` when it does not fit; then nothing has changed. */
  add(tx: Tx): boolean {
    if (this.#known.has(tx._id)) return true
    try {
      this.model.apply(tx)
    } catch {
      return false
    }
    this.#known.add(tx._id)
    this.transactions.push(tx)
    return true
  }
}

function isOfModel(space: unknown): boolean {
  return space === core.space.Model
}
