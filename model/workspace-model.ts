import type { Account, Doc, Ref } from './documents.ts'
import { applyTransaction, targetOf } from './apply-transaction.ts'
import { DocumentStore } from './document-store.ts'
import { EMPTY_MODEL_HASH, nextModelHash } from './hash-chain.ts'
import { Hierarchy } from './hierarchy.ts'
import { core, domains } from './identifiers.ts'
import type { Tx, TxCUD } from './transactions.ts'

const structuralClasses: ReadonlySet<string> = new Set([
  core.class.Class,
  core.class.Mixin,
  core.class.Interface,
  core.class.Attribute,
])

/** The model transactions after a hash (`full: false`), or all of them. */
export interface ModelAnswer {
  transactions: Tx[]
  hash: string
  full: boolean
}

/**
 * The model of one workspace: its transactions with their hash chain, its documents, its hierarchy. The
 * part that modules declare is built once and shared; a workspace keeps only what it adds.
 */
export class WorkspaceModel {
  readonly #base: WorkspaceModel | undefined
  readonly #transactions: Tx[] = []
  readonly #hashes: string[] = []
  readonly #positions = new Map<string, number>()
  readonly #own = new DocumentStore()
  readonly #removed = new Set<string>()
  readonly #accounts = new Map<string, Ref<Account>>()
  #hierarchy: Hierarchy
  #version = 0

  constructor(base?: WorkspaceModel) {
    this.#base = base
    this.#hierarchy = base?.hierarchy ?? new Hierarchy()
  }

  static of(transactions: readonly Tx[], base?: WorkspaceModel): WorkspaceModel {
    const model = new WorkspaceModel(base)
    for (const tx of transactions) model.apply(tx)
    return model
  }

  get hierarchy(): Hierarchy {
    return this.#hierarchy
  }

  get hash(): string {
    return this.#hashes.at(-1) ?? this.#base?.hash ?? EMPTY_MODEL_HASH
  }

  /** Counts changes of classes and attributes. */
  get version(): number {
    return this.#version
  }

  /**
   * Adds a committed model transaction, all of it or nothing.
   * @throws StatusError when it does not fit what is there
   */
  apply(tx: Tx): void {
    const hierarchy = isStructural(tx) ? withChange(this.#hierarchy, tx) : undefined
    this.#project(tx as TxCUD)
    if (hierarchy !== undefined) {
      this.#hierarchy = hierarchy
      this.#version += 1
    }
    const hash = nextModelHash(this.hash, tx)
    this.#positions.set(hash, this.#transactions.push(tx))
    this.#hashes.push(hash)
  }

  get(id: string): Doc | undefined {
    if (this.#removed.has(id)) return undefined
    return this.#own.get(domains.model, id) ?? this.#base?.get(id)
  }

  *documents(): Iterable<Doc> {
    yield* this.#own.documents(domains.model)
    for (const doc of this.#base?.documents() ?? []) {
      if (!this.#removed.has(doc._id) && this.#own.get(domains.model, doc._id) === undefined) yield doc
    }
  }

  /** Ids of all accounts. */
  *accounts(): Iterable<Ref<Account>> {
    yield* this.#accounts.values()
    if (this.#base !== undefined) yield* this.#base.accounts()
  }

  accountOf(email: string): Account | undefined {
    const id = this.#accounts.get(email)
    return id === undefined ? undefined : (this.get(id) as Account | undefined)
  }

  newerThan(time: number): Tx[] {
    return [...this.#all()].filter((tx) => tx.modifiedOn > time)
  }

  after(hash: string): ModelAnswer {
    const position = this.#positions.get(hash)
    if (position !== undefined) return this.#answer(this.#transactions.slice(position), false)
    if (this.#base === undefined) return this.#answer([...this.#transactions], hash === EMPTY_MODEL_HASH)
    const { transactions, full } = this.#base.after(hash)
    return this.#answer([...transactions, ...this.#transactions], full)
  }

  #answer(transactions: Tx[], full: boolean): ModelAnswer {
    return { transactions, hash: this.hash, full: full || transactions.length === this.#length }
  }

  get #length(): number {
    return this.#transactions.length + (this.#base === undefined ? 0 : this.#base.#length)
  }

  *#all(): Iterable<Tx> {
    if (this.#base !== undefined) yield* this.#base.#all()
    yield* this.#transactions
  }

  #project(tx: TxCUD): void {
    const { _id: objectId } = targetOf(tx)
    const before = this.get(objectId)
    const after = applyTransaction(before, tx)
    if (before !== undefined && isAccount(before)) this.#accounts.delete(before.email)
    if (after === undefined) {
      this.#own.remove(domains.model, objectId)
      this.#removed.add(objectId)
      return
    }
    this.#removed.delete(objectId)
    this.#own.put(domains.model, after)
    if (isAccount(after)) this.#accounts.set(after.email, after._id as Ref<Account>)
  }
}

/** Whether the transaction changes classes or attributes, and not only documents of the model. */
export function isStructural(tx: Tx): boolean {
  return 'objectClass' in tx && structuralClasses.has(targetOf(tx as TxCUD)._class)
}

/**
 * A hierarchy may be shared, so a change is made on a copy.
 * @throws StatusError when the hierarchy would not stand it
 */
export function withChange(hierarchy: Hierarchy, tx: Tx): Hierarchy {
  const copy = hierarchy.clone()
  copy.apply(tx)
  return copy
}

function isAccount(doc: Doc): doc is Account {
  return 'email' in doc && typeof doc.email === 'string'
}
