import type { Account, Attribute, Doc, Ref } from './documents.ts'
import { applyTransaction, notAChange, targetOf } from './apply-transaction.ts'
import { isAttribute } from './document-guards.ts'
import { DocumentStore } from './document-store.ts'
import { foldEmail } from './email.ts'
import { EMPTY_MODEL_HASH, nextModelHash } from './hash-chain.ts'
import { isChange } from './inner-change.ts'
import { Hierarchy } from './hierarchy.ts'
import { core, domains, pluginOf, serverPlugins } from './identifiers.ts'
import { StatusError } from './status.ts'
import type { DocumentChange, Tx, TxCUD } from './transactions.ts'

const structuralClasses: ReadonlySet<string> = new Set([
  core.class.Class,
  core.class.Mixin,
  core.class.Interface,
  core.class.Attribute,
  core.class.Enum,
])

/** The model transactions after a hash (`full: false`), or all of them. */
export interface ModelResponse {
  transactions: Tx[]
  hash: string
  full: boolean
}

/**
 * The model of a workspace: its transactions with their hash chain, its documents, and its hierarchy. The part that
 * modules declare is shared between workspaces.
 */
export class WorkspaceModel {
  readonly #base: WorkspaceModel | undefined
  readonly #transactions: Tx[] = []
  readonly #hashes: string[] = []
  readonly #positions = new Map<string, number>()
  readonly #own = new DocumentStore()
  readonly #removed = new Set<string>()
  /** Ids of accounts by their folded email. */
  readonly #accounts = new Map<string, Ref<Account>>()
  #plugins: ReadonlySet<string> | undefined
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
   * Applies a committed model transaction completely or not at all.
   * @throws StatusError if it cannot be applied, or changes a declaration of a module
   */
  apply(tx: Tx): void {
    if (!isChange(tx)) throw notAChange(tx)
    const change = this.#changeBy(tx)
    const conflict = this.declaredConflict(change)
    if (conflict !== undefined) throw new StatusError('platform:status:Forbidden', { message: conflict })
    const hierarchy = isStructural(change) ? withChange(this.#hierarchy, tx) : undefined
    this.#project(change)
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

  /** Emails are compared case-insensitively. */
  accountOf(email: string): Account | undefined {
    const id = this.#accounts.get(foldEmail(email))
    if (id === undefined) return this.#base?.accountOf(email)
    const account = this.get(id)
    return account !== undefined && this.#isAccount(account) ? account : undefined
  }

  /** Whether the server or a module declares the document. */
  isDeclared(id: string): boolean {
    return this.#base?.get(id) !== undefined
  }

  /** Plugins whose ids are reserved for the server and its modules, such as `core`. */
  reservedPlugins(): ReadonlySet<string> {
    this.#plugins ??= new Set([
      ...serverPlugins,
      ...[...(this.#base?.documents() ?? [])].filter(isDeclaration).map(({ _id }) => pluginOf(_id)),
    ])
    return this.#plugins
  }

  /**
   * Why a change of the model is not allowed. Classes, mixins, attributes and enums that the server or a module
   * declares do not change. Nobody adds attributes to the server's own classes, or uses a declared name. The same
   * rule applies to commits and to reading the log.
   */
  declaredConflict({ before, after }: DocumentChange, hierarchy = this.#hierarchy): string | undefined {
    const shape = after ?? before
    if (shape === undefined || !isDeclaration(shape)) return undefined
    if (this.isDeclared(shape._id)) return `${shape._id} is declared by the server or a module`
    if (after === undefined || !isAttribute(after)) return undefined
    return this.#attributeConflict(after, hierarchy)
  }

  #attributeConflict(
    { attributeOf, name, _id, required }: Attribute,
    hierarchy: Hierarchy,
  ): string | undefined {
    if (!this.isDeclared(attributeOf)) return undefined
    if (serverPlugins.has(pluginOf(attributeOf))) return `${attributeOf} is a class of the server`
    if (required === true)
      return `${attributeOf} is declared by a module: additional attributes must be optional`
    const declared = hierarchy
      .descendants(attributeOf)
      .some((_class) => (hierarchy.attributes(_class).get(name)?._id ?? _id) !== _id)
    return declared ? `${attributeOf} has an attribute ${name}` : undefined
  }

  newerThan(time: number): Tx[] {
    return [...this.#all()].filter((tx) => tx.modifiedOn > time)
  }

  after(hash: string): ModelResponse {
    const position = this.#positions.get(hash)
    if (position !== undefined) return this.#response(this.#transactions.slice(position), false)
    if (this.#base === undefined) return this.#response([...this.#transactions], hash === EMPTY_MODEL_HASH)
    const { transactions, full } = this.#base.after(hash)
    return this.#response([...transactions, ...this.#transactions], full)
  }

  #response(transactions: Tx[], full: boolean): ModelResponse {
    return { transactions, hash: this.hash, full: full || transactions.length === this.#length }
  }

  get #length(): number {
    return this.#transactions.length + (this.#base === undefined ? 0 : this.#base.#length)
  }

  *#all(): Iterable<Tx> {
    if (this.#base !== undefined) yield* this.#base.#all()
    yield* this.#transactions
  }

  #changeBy(tx: TxCUD): DocumentChange {
    const before = this.get(targetOf(tx)._id)
    return { before, after: applyTransaction(before, tx) }
  }

  #project({ before, after }: DocumentChange): void {
    if (before !== undefined && this.#isAccount(before)) this.#forgetAccount(before)
    if (after !== undefined) {
      this.#removed.delete(after._id)
      this.#own.put(domains.model, after)
      if (this.#isAccount(after)) this.#noteAccount(after)
    } else if (before !== undefined) {
      this.#own.remove(domains.model, before._id)
      this.#removed.add(before._id)
    }
  }

  /** If several accounts have one email, as in older logs, the first one counts. */
  #noteAccount({ _id, email }: Account): void {
    const folded = foldEmail(email)
    if (!this.#accounts.has(folded)) this.#accounts.set(folded, _id)
  }

  #forgetAccount({ _id, email }: Account): void {
    const folded = foldEmail(email)
    if (this.#accounts.get(folded) === _id) this.#accounts.delete(folded)
  }

  #isAccount(doc: Doc): doc is Account {
    const isOfClass = this.#hierarchy.isDerived(doc._class, core.class.Account)
    return isOfClass && 'email' in doc && typeof doc.email === 'string'
  }
}

/** Classes, mixins, interfaces, attributes and enums. */
export function isDeclaration({ _class }: Pick<Doc, '_class'>): boolean {
  return structuralClasses.has(_class)
}

/** Whether the change affects classes, attributes or enums. */
export function isStructural({ before, after }: DocumentChange): boolean {
  const shape = after ?? before
  return shape !== undefined && isDeclaration(shape)
}

/**
 * Applies the change to a copy, because hierarchies are shared.
 * @throws StatusError if the change would break the hierarchy
 */
export function withChange(hierarchy: Hierarchy, tx: Tx): Hierarchy {
  const copy = hierarchy.clone()
  copy.apply(tx)
  return copy.seal()
}
