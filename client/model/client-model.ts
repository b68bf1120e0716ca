import type { Account, Doc, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { EMPTY_MODEL_HASH } from '../../model/hash-chain.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { DocumentSource } from '../../model/query/evaluate.ts'
import type { Tx } from '../../model/transactions.ts'
import { type ModelAnswer, WorkspaceModel } from '../../model/workspace-model.ts'

/** The model of the workspace, as the client knows it. */
export class ClientModel implements DocumentSource {
  #transactions: Tx[] = []
  #known = new Set<string>()
  #model = new WorkspaceModel()

  get hierarchy(): Hierarchy {
    return this.#model.hierarchy
  }

  /** Of all model transactions it has; the server is asked for those after it. */
  get hash(): string {
    return this.#transactions.length === 0 ? EMPTY_MODEL_HASH : this.#model.hash
  }

  get isLoaded(): boolean {
    return this.#transactions.length > 0
  }

  get transactions(): readonly Tx[] {
    return this.#transactions
  }

  get(domain: Domain, id: string): Doc | undefined {
    return domain === domains.model ? this.#model.get(id) : undefined
  }

  documents(domain: Domain): Iterable<Doc> {
    return domain === domains.model ? this.#model.documents() : []
  }

  accountOf(email: string): Account | undefined {
    return this.#model.accountOf(email)
  }

  /** What `loadModel` answered. */
  load({ transactions, full, hash }: ModelAnswer): void {
    if (full) {
      this.#transactions = []
      this.#known = new Set()
      this.#model = new WorkspaceModel()
    }
    for (const tx of transactions) this.#add(tx)
    if (this.hash !== hash && !full) throw new Error('the model does not add up')
  }

  /** Takes in those of the transactions that change the model; tells whether classes or attributes have changed. */
  apply(txes: readonly Tx[]): { changed: boolean; structural: boolean } {
    const own = txes.filter(
      ({ _id, objectSpace }) => objectSpace === core.space.Model && !this.#known.has(_id),
    )
    const { version } = this.#model
    for (const tx of own) this.#add(tx)
    return { changed: own.length > 0, structural: this.#model.version !== version }
  }

  #add(tx: Tx): void {
    if (this.#known.has(tx._id)) return
    this.#known.add(tx._id)
    this.#transactions.push(tx)
    this.#model.apply(tx)
  }
}
