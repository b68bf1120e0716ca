import { applyTransaction, type Target, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains } from '../../model/identifiers.ts'
import { isFields } from '../../model/json-value.ts'
import type { Path } from '../../model/query/plan.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import { innerChange, isChange } from '../../model/inner-change.ts'

/** A transaction with its position in the log, or that of its commit; `undefined` for one that is not committed. */
export interface Pushed {
  tx: Tx
  seq: number | undefined
}

/** The fields of a document whose values follow from a transaction alone. */
export type KnownFields = ReadonlyMap<string, unknown>

/** A change of one document, as live queries evaluate it. Derived values are computed once, for all queries. */
export class Change {
  readonly tx: TxCUD
  /** The domain of the changed document; `undefined` if its class is unknown. */
  readonly domain: string | undefined
  readonly seq: number | undefined
  /** This client made the change: its effects have been shown already. */
  readonly isOwn: boolean
  readonly target: Target
  #created: { doc: Doc | undefined } | undefined
  #fieldsBefore: KnownFields | undefined
  #fieldsAfter: KnownFields | undefined
  #touched: { paths: readonly Path[] | undefined } | undefined

  /** @throws StatusError when the transaction has no target */
  constructor(tx: TxCUD, domain: string | undefined, seq?: number, isOwn = false) {
    this.tx = tx
    this.domain = domain
    this.seq = seq
    this.isOwn = isOwn
    this.target = targetOf(tx)
  }

  /** The change of the document itself, if it was made through the collection of its parent. */
  get inner(): TxCUD {
    return innerChange(this.tx)
  }

  get isRemoval(): boolean {
    return this.inner._class === core.class.TxRemoveDoc
  }

  /** The document that it creates. @throws StatusError when it cannot be created */
  get created(): Doc | undefined {
    this.#created ??= { doc: this.target.created ? applyTransaction(undefined, this.tx) : undefined }
    return this.#created.doc
  }

  /** Known fields of the document before the change. Not its class: the transaction may name a base class. */
  get fieldsBefore(): KnownFields {
    const { _id, space } = this.target
    this.#fieldsBefore ??= new Map<string, unknown>([
      ['_id', _id],
      ['space', space],
    ])
    return this.#fieldsBefore
  }

  /** Known fields of the document after the change. */
  get fieldsAfter(): KnownFields {
    this.#fieldsAfter ??= updated(this.fieldsBefore, this.inner)
    return this.#fieldsAfter
  }

  /** The paths that it may write to; `undefined`: any. */
  get touched(): readonly Path[] | undefined {
    this.#touched ??= { paths: touchedPaths(this.inner) }
    return this.#touched.paths
  }
}

/**
 * The changes of documents among the transactions. Malformed ones are skipped.
 *
 * @param own ids of the transactions that this client made
 */
export function changesOf(
  pushes: readonly Pushed[],
  hierarchy: Hierarchy,
  own: ReadonlySet<string>,
): Change[] {
  return pushes.flatMap(({ tx, seq }) => {
    if (!isChange(tx)) return []
    try {
      const { _class } = targetOf(tx)
      const domain = hierarchy.findClass(_class) === undefined ? undefined : hierarchy.domainOf(_class)
      return [new Change(tx, domain, seq, own.has(tx._id))]
    } catch {
      return []
    }
  })
}

/** The transactions as documents of the log. Queries do not find those that the server derived. */
export function logEntriesOf(pushes: readonly Pushed[]): LogEntry[] {
  return pushes.flatMap(({ tx, seq }) =>
    seq === undefined || tx.space === core.space.DerivedTx ? [] : [new LogEntry(tx, seq)],
  )
}

/** A transaction as a document of the log. */
export class LogEntry {
  readonly domain = domains.tx
  readonly doc: Tx
  readonly seq: number

  constructor(doc: Tx, seq: number) {
    this.doc = doc
    this.seq = seq
  }
}

function updated(before: KnownFields, change: TxCUD): KnownFields {
  const entries = change._class === core.class.TxUpdateDoc ? Object.entries(change.operations) : []
  const hasOperators = entries.some(([key]) => key.startsWith('$'))
  const fields = new Map(before)
  for (const [key, value] of entries) {
    if (hasOperators) fields.delete(key)
    else fields.set(key, value)
  }
  return fields
}

function touchedPaths(change: TxCUD): Path[] | undefined {
  const paths: Path[] = [['modifiedOn'], ['modifiedBy']]
  if (change._class === core.class.TxMixin) return [[change.mixin], ...paths]
  if (change._class !== core.class.TxUpdateDoc) return undefined
  for (const [key, value] of Object.entries(change.operations)) {
    if (!key.startsWith('$')) paths.push(key.split('.'))
    else if (!isFields(value) || key === '$pushMixin') return undefined
    else for (const inner of Object.keys(value)) paths.push(inner.split('.'))
  }
  return paths
}
