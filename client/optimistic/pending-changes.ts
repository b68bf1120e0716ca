import { core } from '../../model/identifiers.ts'
import type { Tx, TxCreateDoc, TxCUD, TxUpdateDoc } from '../../model/transactions.ts'
import { withDefaults } from '../../model/validate-document.ts'
import type { ClientModel } from '../model/client-model.ts'

/** Changes of this client that are not committed yet, in order. Live queries show them as if they were. */
export class PendingChanges {
  readonly #model: ClientModel
  /** The effects of each change on documents, as far as the client can compute them. */
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

  /** Returns its effects. */
  add(tx: TxCUD): readonly TxCUD[] {
    const effects = knownEffects(tx, this.#model)
    this.#effects.set(tx._id, effects)
    return effects
  }

  /** Returns its former effects; none if it was not pending. */
  remove(id: string): readonly TxCUD[] {
    const effects = this.#effects.get(id) ?? []
    this.#effects.delete(id)
    return effects
  }

  /** The transactions are committed. Returns the effects of those that were pending. */
  confirm(txes: readonly Tx[]): TxCUD[] {
    return this.#effects.size === 0 ? [] : txes.flatMap(({ _id }) => this.remove(_id))
  }
}

/** None for a malformed change: the server will refuse it. */
function knownEffects(tx: TxCUD, model: ClientModel): TxCUD[] {
  try {
    return effectsOf(tx, model)
  } catch {
    return []
  }
}

/** Includes what the server adds to a change: default values, and the counter of a collection. */
function effectsOf(tx: TxCUD, model: ClientModel): TxCUD[] {
  if (tx._class === core.class.TxCreateDoc) return [withDefaultsOf(model, tx)]
  if (tx._class !== core.class.TxCollectionCUD) return [tx]
  const { tx: inner, collection } = tx
  if (inner._class === core.class.TxUpdateDoc) return [tx]
  const creates = inner._class === core.class.TxCreateDoc
  const change = creates ? { ...tx, tx: withDefaultsOf(model, inner) } : tx
  const operations = { $inc: { [collection]: creates ? 1 : -1 } }
  const count: TxUpdateDoc = { ...tx, _class: core.class.TxUpdateDoc, operations }
  return [change, count]
}

function withDefaultsOf({ hierarchy }: ClientModel, tx: TxCreateDoc): TxCreateDoc {
  if (hierarchy.findClass(tx.objectClass) === undefined) return tx
  return { ...tx, attributes: withDefaults(hierarchy, tx.objectClass, tx.attributes) }
}
