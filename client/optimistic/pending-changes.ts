import { core } from '../../model/identifiers.ts'
import type { Tx, TxCollectionCUD, TxCreateDoc, TxCUD, TxUpdateDoc } from '../../model/transactions.ts'
import { withDefaults } from '../../model/validate-document.ts'
import type { ClientModel } from '../model/client-model.ts'

/** Changes made here that are not confirmed yet, in order: live queries show them as if they were. */
export class PendingChanges {
  readonly #model: ClientModel
  /** What each will do to documents, as far as can be told here. */
  readonly #effects = new Map<string, readonly TxCUD[]>()

  constructor(model: ClientModel) {
    this.#model = model
  }

  has(tx: Tx): boolean {
    return this.#effects.has(tx._id)
  }

  effects(): TxCUD[] {
    return [...this.#effects.values()].flat()
  }

  /** What it does to documents. */
  add(tx: TxCUD): readonly TxCUD[] {
    const effects = knownEffects(tx, this.#model)
    this.#effects.set(tx._id, effects)
    return effects
  }

  /** What it did to documents: nothing, where it was not pending. */
  remove(id: string): readonly TxCUD[] {
    const effects = this.#effects.get(id) ?? []
    this.#effects.delete(id)
    return effects
  }

  /** These are in the log now: what they did to documents. */
  confirm(txes: readonly Tx[]): TxCUD[] {
    return this.#effects.size === 0 ? [] : txes.flatMap(({ _id }) => this.remove(_id))
  }
}

/** None, where it is no change that can be understood. */
function knownEffects(tx: TxCUD, model: ClientModel): TxCUD[] {
  try {
    return effectsOf(tx, model)
  } catch {
    return []
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
