import { core } from '../model/identifiers.ts'
import type { Tx, TxCollectionCUD, TxCreateDoc, TxCUD, TxUpdateDoc } from '../model/transactions.ts'
import { withDefaults } from '../model/validate-document.ts'
import type { ClientModel } from './model/client-model.ts'

interface Pending {
  tx: TxCUD
  /** What it will do to documents, as far as can be told here. */
  effects: TxCUD[]
}

/** Changes made here that are not confirmed yet, in order: live queries show them as if they were. */
export class PendingChanges {
  readonly #model: ClientModel
  readonly #pending = new Map<string, Pending>()

  constructor(model: ClientModel) {
    this.#model = model
  }

  get size(): number {
    return this.#pending.size
  }

  has(tx: Tx): boolean {
    return this.#pending.has(tx._id)
  }

  effects(): TxCUD[] {
    return [...this.#pending.values()].flatMap(({ effects }) => effects)
  }

  add(tx: TxCUD): void {
    this.#pending.set(tx._id, { tx, effects: effectsOf(tx, this.#model) })
  }

  remove(id: string): boolean {
    return this.#pending.delete(id)
  }

  /** These are in the log now. */
  confirm(txes: readonly Tx[]): void {
    for (const { _id } of txes) this.#pending.delete(_id)
  }
}

/** Defaults, and the counter of a collection, are the server's doing too. */
function effectsOf(tx: TxCUD, model: ClientModel): TxCUD[] {
  if (tx._class === core.class.TxCreateDoc) return [filled(tx as TxCreateDoc, model)]
  if (tx._class !== core.class.TxCollectionCUD) return [tx]
  const { tx: inner, collection } = tx as TxCollectionCUD
  if (inner._class === core.class.TxUpdateDoc) return [tx]
  const creates = inner._class === core.class.TxCreateDoc
  const change = creates ? ({ ...tx, tx: filled(inner as TxCreateDoc, model) } as TxCollectionCUD) : tx
  const count = { $inc: { [collection]: creates ? 1 : -1 } }
  return [change, { ...tx, _class: core.class.TxUpdateDoc, operations: count } as TxUpdateDoc]
}

function filled(tx: TxCreateDoc, { hierarchy }: ClientModel): TxCreateDoc {
  if (hierarchy.findClass(tx.objectClass) === undefined) return tx
  return { ...tx, attributes: withDefaults(hierarchy, tx.objectClass, tx.attributes) }
}
