import type { Account, Doc, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { EMPTY_MODEL_HASH } from '../../model/hash-chain.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { DocumentSource } from '../../model/query/document-source.ts'
import type { Tx } from '../../model/transactions.ts'
import { type ModelResponse, WorkspaceModel } from '../../model/workspace-model.ts'

/** The client's copy of the workspace's model. */
export class ClientModel implements DocumentSource {
  #state = new State()

  get hierarchy(): Hierarchy {
    return this.#state.model.hierarchy
  }

  /** The hash chain over all model transactions; the server returns those that follow it. */
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
   * Replaces the model by the result of `loadModel`, or appends it if the result is not `full`.
   *
   * @returns transactions that do not fit, which are skipped
   * @throws Error when the model with the appended transactions does not have the server's hash
   */
  load({ transactions, full, hash }: ModelResponse): Tx[] {
    const state = full ? new State() : this.#state
    const rejected = transactions.filter((tx) => !state.add(tx))
    if (!full && state.hash !== hash)
      throw new Error('the hash of the model differs from the one of the server')
    this.#state = state
    return rejected
  }

  /** Empties the model. */
  clear(): void {
    this.#state = new State()
  }

  /**
   * Applies those of the transactions that change the model.
   *
   * @returns whether something, and whether classes or attributes changed; `inconsistent` when a transaction could not be
   *   applied: then the model differs from the server's
   */
  apply(txes: readonly Tx[]): { changed: boolean; structural: boolean; inconsistent: boolean } {
    const own = txes.filter(({ _id, objectSpace }) => isOfModel(objectSpace) && !this.#state.knows(_id))
    const { version } = this.#state.model
    const rejected = own.filter((tx) => !this.#state.add(tx))
    const structural = this.#state.model.version !== version
    return { changed: own.length > 0, structural, inconsistent: rejected.length > 0 }
  }
}

/** Model transactions, and the model that results from them. */
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

  /** @returns `false` when the transaction cannot be applied; then nothing has changed */
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
