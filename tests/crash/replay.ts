import { board, type Task } from '../../examples/board/model.ts'
import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { AttachedDoc, Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx, TxCollectionCUD, TxCUD } from '../../model/transactions.ts'
import { expectThat } from '../support/expecting.ts'

export type Documents = Map<string, Doc>

/** The documents that follow from a log, hidden entries included. */
export function replay(txes: readonly Tx[]): Documents {
  const documents: Documents = new Map()
  for (const tx of txes) step(documents, tx as TxCUD)
  return documents
}

/**
 * The documents that follow from the visible transactions, with derived changes: counters, removals, and the time at
 * which a task was finished.
 */
export function replayVisible(txes: readonly Tx[]): Documents {
  const documents: Documents = new Map()
  for (const tx of inOrder(txes)) {
    const { _id } = targetOf(tx as TxCUD)
    const before = documents.get(_id)
    const existed = before !== undefined
    step(documents, tx as TxCUD)
    keepDoneOn(documents, before, _id)
    if (tx._class === core.class.TxCollectionCUD) {
      count(documents, tx as TxCollectionCUD, Number(documents.has(_id)) - Number(existed))
    }
    if (existed && !documents.has(_id)) removeAttached(documents, _id)
  }
  return documents
}

/** Like the board’s trigger, a millisecond after its cause. */
function keepDoneOn(documents: Documents, before: Doc | undefined, _id: string): void {
  const after = documents.get(_id) as Task | undefined
  if (after?._class !== board.class.Task) return
  const isDone = after.status === 'done'
  if (isDone === ((before as Task | undefined)?.status === 'done')) return
  const { doneOn: _, ...rest } = after
  const derived = { ...rest, modifiedOn: after.modifiedOn + 1 }
  documents.set(_id, isDone ? ({ ...derived, doneOn: after.modifiedOn } as Doc) : derived)
}

function step(documents: Documents, tx: TxCUD): void {
  const { _id } = targetOf(tx)
  const after = applyTransaction(documents.get(_id), tx)
  if (after === undefined) documents.delete(_id)
  else documents.set(_id, after)
}

/** Transactions of one millisecond are in the order of their writer, which is sufficient here. */
function inOrder(txes: readonly Tx[]): Tx[] {
  return [...txes].sort((a, b) => a.modifiedOn - b.modifiedOn || (a._id < b._id ? -1 : 1))
}

function count(
  documents: Documents,
  { objectId, collection, modifiedBy, modifiedOn }: TxCollectionCUD,
  by: number,
): void {
  const parent = documents.get(objectId) as (Doc & Record<string, unknown>) | undefined
  expectThat(parent !== undefined, `${objectId} has a collection`)
  const before = Number(parent[collection] ?? 0)
  const time = Math.max(modifiedOn, parent.modifiedOn)
  documents.set(objectId, { ...parent, [collection]: before + by, modifiedBy, modifiedOn: time } as Doc)
}

function removeAttached(documents: Documents, parent: string): void {
  for (const doc of documents.values()) {
    if ((doc as Partial<AttachedDoc>).attachedTo === parent) documents.delete(doc._id)
  }
}

/** Documents of some classes, by id. */
export function ofClasses(documents: Iterable<Doc>, classes: readonly string[]): Documents {
  const kept = [...documents].filter(({ _class }) => classes.includes(_class))
  return new Map(kept.map((doc) => [doc._id as string, doc] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
}
