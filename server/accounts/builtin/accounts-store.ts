import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc, Ref } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import type { DocumentQuery, FindResult } from '../../../model/query/query.ts'
import type { TxCreateDoc, TxCUD, TxUpdateDoc } from '../../../model/transactions.ts'
import { systemCaller } from '../../../pipeline/caller.ts'
import type { Pipeline } from '../../../pipeline/open-workspace.ts'

/**
 * The accounts service keeps people, workspaces and memberships as documents of a workspace of its own: the
 * same commit path, the same storage, whichever adapter it is.
 */
export class AccountsStore {
  readonly #pipeline: Pipeline
  readonly #now: () => number

  constructor(pipeline: Pipeline, now: () => number) {
    this.#pipeline = pipeline
    this.#now = now
  }

  async get<T extends Doc>(_class: ClassRef<T>, id: string): Promise<T | undefined> {
    return (await this.find(_class, { _id: id } as DocumentQuery<T>))[0]
  }

  async find<T extends Doc>(_class: ClassRef<T>, query: DocumentQuery<T>): Promise<FindResult<T>> {
    const found = await this.#pipeline.find(systemCaller, {
      _class,
      query: query as DocumentQuery,
      options: {},
    })
    return found as FindResult<T>
  }

  /** @throws StatusError `core:status:ObjectExists` */
  async create<T extends Doc>(_class: ClassRef<T>, id: string, attributes: Partial<T>): Promise<void> {
    const tx: TxCreateDoc = { ...this.#change(_class, id), _class: core.class.TxCreateDoc, attributes }
    await this.#pipeline.tx(systemCaller, tx)
  }

  /** @throws StatusError `core:status:ObjectNotFound` */
  async update<T extends Doc>(_class: ClassRef<T>, id: string, operations: Partial<T>): Promise<void> {
    const tx: TxUpdateDoc = { ...this.#change(_class, id), _class: core.class.TxUpdateDoc, operations }
    await this.#pipeline.tx(systemCaller, tx)
  }

  #change(objectClass: TxCUD['objectClass'], id: string): Omit<TxCUD, '_class'> {
    return {
      _id: this.#pipeline.generateId() as TxCUD['_id'],
      space: core.space.Tx,
      objectSpace: core.space.Configuration,
      objectId: id as Ref,
      objectClass,
      modifiedBy: core.account.System,
      modifiedOn: this.#now(),
    }
  }
}
