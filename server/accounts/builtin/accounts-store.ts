import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc, Ref } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import type { DocumentQuery } from '../../../model/query/query.ts'
import type { TransactionFactory } from '../../../model/transaction-factory.ts'
import type { TxCreateDoc, TxCUD, TxUpdateDoc, UpdateOperations } from '../../../model/transactions.ts'
import { systemCaller } from '../../../pipeline/shared/caller.ts'
import type { CallerContext } from '../../../pipeline/triggers/module-context.ts'
import type { Pipeline } from '../../../pipeline/pipeline.ts'

/** The space of all documents of the accounts. */
const space = core.space.Configuration

/** Makes a creation with a given id. */
export function creation<T extends Doc>(
  factory: TransactionFactory,
  _class: ClassRef<T>,
  id: string,
  attributes: Partial<T>,
): TxCreateDoc {
  return factory.create(_class as ClassRef, space, attributes as Record<string, unknown>, { _id: id as Ref })
}

/**
 * The accounts service stores people, workspaces and memberships as documents of a workspace of its own, with the
 * commit path and the storage of any workspace.
 */
export class AccountsStore {
  readonly #pipeline: Pipeline

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline
  }

  async get<T extends Doc>(_class: ClassRef<T>, id: string): Promise<T | undefined> {
    return (await this.find(_class, { _id: id as Ref }))[0]
  }

  async find<T extends Doc>(_class: ClassRef<T>, query: DocumentQuery): Promise<T[]> {
    return await this.#acting.findAll(_class, query)
  }

  /** @returns the updated document. @throws StatusError `core:status:ObjectNotFound` */
  async update<T extends Doc>(_class: ClassRef<T>, id: string, operations: UpdateOperations): Promise<T> {
    const update = this.#acting.factory.update({ _id: id as Ref, _class, space }, operations)
    const tx: TxUpdateDoc = { ...update, retrieve: true }
    return ((await this.#pipeline.tx(systemCaller, tx)) as { object: T }).object
  }

  /** Commits all of the transactions or none. @throws StatusError `core:status:ObjectExists` */
  async commit(make: (factory: TransactionFactory) => readonly TxCUD[]): Promise<void> {
    const { factory, commit } = this.#acting
    await commit(make(factory))
  }

  get #acting(): CallerContext {
    return this.#pipeline.moduleContextFor(systemCaller)
  }
}
