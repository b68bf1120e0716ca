import type { ClassRef } from '../model/class-ref.ts'
import type { AttachedDoc, Class, Doc, Ref, Space } from '../model/documents.ts'
import { generateId } from '../model/generate-id.ts'
import { core } from '../model/identifiers.ts'
import type { AttachedPlace, DocumentPlace, TransactionFactory } from '../model/transaction-factory.ts'
import type { DocumentMatch, Tx, TxApplyIf, TxCUD, UpdateOperations } from '../model/transactions.ts'
import type { RequestOptions } from './connection/request-options.ts'
import { outgoingFields, outgoingTransaction } from './live-queries/outgoing.ts'
import type { WaitOptions } from './runtime/deadline.ts'
import { resultOf } from './runtime/result-of.ts'
import type { Session } from './session.ts'

export type AttributesOf<T extends Doc, Header extends PropertyKey> = Partial<Omit<T, Header>> &
  Record<string, unknown>

/**
 * Calls that change documents. Live queries show a change at once, and roll it back if the server refuses it. The promise
 * resolves when the change is durable.
 */
export class Mutations {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Creates a document. Resolves with its id when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * const id = await client.createDoc(board.class.Task, project, { title: 'Try atrium' })
   */
  async createDoc<T extends Doc>(
    _class: ClassRef<T>,
    space: Ref<Space>,
    attributes: AttributesOf<T, keyof Doc>,
    _id: Ref<T> = generateId<T>(),
    requestOptions?: RequestOptions,
  ): Promise<Ref<T>> {
    const own = outgoingFields('attributes', attributes)
    await this.#commit('createDoc', requestOptions, (make) => make.create(_class, space, own, { _id }))
    return _id
  }

  /**
   * Changes fields of a document. Resolves when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * await client.updateDoc(task, { status: 'done', $push: { labels: 'star' } })
   */
  async updateDoc(
    doc: DocumentPlace,
    operations: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    const own = outgoingFields('operations', operations)
    await this.#commit('updateDoc', requestOptions, (make) => make.update(doc, own))
  }

  /**
   * Removes a document and the documents attached to it. Resolves when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * await client.removeDoc(task)
   */
  async removeDoc(doc: DocumentPlace, requestOptions?: RequestOptions): Promise<void> {
    await this.#commit('removeDoc', requestOptions, (make) => make.remove(doc))
  }

  /**
   * Adds a mixin to a document, or changes the mixin's fields. Resolves when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * await client.updateMixin(task, board.mixin.Estimated, { hours: 3 })
   */
  async updateMixin(
    doc: DocumentPlace,
    mixin: Ref<Class>,
    attributes: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    const own = outgoingFields('attributes', attributes)
    await this.#commit('updateMixin', requestOptions, (make) => make.mixin(doc, mixin, own))
  }

  /**
   * Creates a document in a collection of its parent, and increments the parent's counter. Resolves with the document's
   * id when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * const id = await client.addCollection(task, 'comments', board.class.Comment, { message: 'Well done' })
   */
  async addCollection<T extends AttachedDoc>(
    parent: DocumentPlace,
    collection: string,
    _class: ClassRef<T>,
    attributes: AttributesOf<T, keyof AttachedDoc>,
    _id: Ref<T> = generateId<T>(),
    requestOptions?: RequestOptions,
  ): Promise<Ref<T>> {
    const own = outgoingFields('attributes', attributes)
    await this.#commit('addCollection', requestOptions, (make) =>
      make.attach(parent, collection, _class, own, { _id }),
    )
    return _id
  }

  /**
   * Changes a document of a collection. Resolves when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * await client.updateCollection(comment, { message: 'Very well done' })
   */
  async updateCollection(
    doc: AttachedPlace,
    operations: UpdateOperations,
    requestOptions?: RequestOptions,
  ): Promise<void> {
    const own = outgoingFields('operations', operations)
    await this.#commit('updateCollection', requestOptions, (make) => make.within(doc, make.update(doc, own)))
  }

  /**
   * Removes a document of a collection, and decrements the parent's counter. Resolves when the change is durable.
   *
   * @throws as `tx`
   *
   * @example
   * await client.removeCollection(comment)
   */
  async removeCollection(doc: AttachedPlace, requestOptions?: RequestOptions): Promise<void> {
    await this.#commit('removeCollection', requestOptions, (make) => make.within(doc, make.remove(doc)))
  }

  /**
   * Commits all of the transactions if every `match` finds a document and no `notMatch` does. Otherwise it commits none,
   * and `success` is `false`.
   *
   * @throws as `tx`
   *
   * @example
   * const make = await client.transactions()
   * const { success } = await client.applyIf([make.update(task, { status: 'doing' })], {
   *   match: [{ _class: board.class.Task, query: { _id: task._id, status: 'todo' } }],
   * })
   */
  async applyIf(
    txes: TxCUD[],
    conditions: { match?: DocumentMatch[]; notMatch?: DocumentMatch[]; scope?: string } = {},
    requestOptions?: RequestOptions,
  ): Promise<{ success: boolean; derived: Tx[] }> {
    const { calls, account, changes, environment } = this.#session
    const own = outgoingTransaction({ txes, ...conditions })
    const response = await calls.run('applyIf', requestOptions, async (deadline) => {
      const tx: TxApplyIf = {
        _id: generateId(),
        _class: core.class.TxApplyIf,
        space: core.space.Tx,
        objectSpace: core.space.Tx,
        modifiedBy: await account.known(deadline),
        modifiedOn: environment.clock.now(),
        ...own,
      }
      return await changes.send(tx, requestOptions, deadline)
    })
    return resultOf(response)
  }

  /**
   * Returns a factory of transactions for `tx` and `applyIf`, signed with the session's account. Waits until the account
   * is known.
   *
   * @throws ClientError when the client ends, the server refuses it, or the deadline expires
   *
   * @example
   * const make = await client.transactions()
   * await client.tx(make.update(task, { $push: { labels: 'star' } }))
   */
  async transactions(waitOptions?: WaitOptions): Promise<TransactionFactory> {
    const session = this.#session
    return await session.calls.run('transactions', waitOptions, (deadline) => session.factory(deadline))
  }

  /**
   * Sends a transaction, on every new connection until the server responds. It takes effect once.
   *
   * @throws StatusError why the server refuses it; ClientError when there will be no response, `uncertain` if it may have
   *   taken effect
   *
   * @example
   * const make = await client.transactions()
   * await client.tx(make.remove(task))
   */
  async tx<T = unknown>(tx: Tx, requestOptions?: RequestOptions): Promise<T> {
    const { calls, changes } = this.#session
    const own = outgoingTransaction(tx)
    const response = await calls.run('tx', requestOptions, (deadline) =>
      changes.send(own, requestOptions, deadline),
    )
    return resultOf<T>(response)
  }

  async #commit(
    call: string,
    options: RequestOptions | undefined,
    make: (factory: TransactionFactory) => Tx,
  ): Promise<void> {
    const { calls, changes } = this.#session
    await calls.run(call, options, async (deadline) => {
      const tx = outgoingTransaction(make(await this.#session.factory(deadline)))
      await changes.send(tx, options, deadline)
    })
  }
}
