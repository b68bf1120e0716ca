import { applyTransaction, type Target, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { Path } from '../../model/query/plan.ts'
import type { Tx, TxCollectionCUD, TxCUD, TxMixin, TxUpdateDoc } from '../../model/transactions.ts'

/** A transaction, with its place in the log or that of the commit it is part of; it has none outside of the log. */
export interface Pushed {
  tx: Tx
  seq: number | undefined
}

/** Values of single fields. */
export type KnownFields = ReadonlyMap<string, unknown>

/** A change of a document as live queries look at it. What it tells is worked out once, for all of them. */
export class Change {
  readonly tx: TxCUD
  /** Of the document it changes; `undefined` where the class is not known. */
  readonly domain: string | undefined
  readonly seq: number | undefined
  /** Made here: what it does has been shown already. */
  readonly isOwn: boolean
  readonly target: Target
  #created: { doc: Doc | undefined } | undefined
  #fieldsBefore: KnownFields | undefined
  #fieldsAfter: KnownFields | undefined
  #touched: { paths: readonly Path[] | undefined } | undefined

  /** @throws StatusError when it changes nothing that can be told */
  constructor(tx: TxCUD, domain: string | undefined, seq?: number, isOwn = false) {
    this.tx = tx
    this.domain = domain
    this.seq = seq
    this.isOwn = isOwn
    this.target = targetOf(tx)
  }

  /** What happens to the document itself, where it goes through its parent's collection. */
  get inner(): TxCUD {
    return this.tx._class === core.class.TxCollectionCUD ? (this.tx as TxCollectionCUD).tx : this.tx
  }

  get isRemoval(): boolean {
    return this.inner._class === core.class.TxRemoveDoc
  }

  /** The document it makes. @throws StatusError when that cannot be made */
  get created(): Doc | undefined {
    this.#created ??= { doc: this.target.created ? applyTransaction(undefined, this.tx) : undefined }
    return this.#created.doc
  }

  /** What is said of the document as it was. (Not its class: the one named may be a base of it.) */
  get fieldsBefore(): KnownFields {
    const { _id, space } = this.target
    this.#fieldsBefore ??= new Map<string, unknown>([
      ['_id', _id],
      ['space', space],
    ])
    return this.#fieldsBefore
  }

  /** And as it will be: what it is set to. */
  get fieldsAfter(): KnownFields {
    this.#fieldsAfter ??= setBy(this.inner, this.fieldsBefore)
    return this.#fieldsAfter
  }

  /** Paths it writes to; `undefined`: any. */
  get touched(): readonly Path[] | undefined {
    this.#touched ??= { paths: touchedPaths(this.inner) }
    return this.#touched.paths
  }
}

/**
 * Those of the transactions that change documents, as far as they can be told.
 *
 * @param own ids of those that were made here
 */
export function changesOf(
  pushes: readonly Pushed[],
  hierarchy: Hierarchy,
  own: ReadonlySet<string>,
): Change[] {
  return pushes.flatMap(({ tx, seq }) => {
    if (!('objectId' in tx && 'objectClass' in tx)) return []
    try {
      const change = tx as TxCUD
      const { _class } = targetOf(change)
      const domain = hierarchy.findClass(_class) === undefined ? undefined : hierarchy.domainOf(_class)
      return [new Change(change, domain, seq, own.has(tx._id))]
    } catch {
      return []
    }
  })
}

/** What is pushed of the log is what a query of the log finds, but for what the server derived. */
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

function setBy(change: TxCUD, before: KnownFields): KnownFields {
  const entries = Object.entries((change as TxUpdateDoc).operations ?? {})
  const hasOperators = entries.some(([key]) => key.startsWith('$'))
  const told = new Map(before)
  for (const [key, value] of entries) {
    if (hasOperators) told.delete(key)
    else told.set(key, value)
  }
  return told
}

function touchedPaths(change: TxCUD): Path[] | undefined {
  const always: Path[] = [['modifiedOn'], ['modifiedBy']]
  if (change._class === core.class.TxMixin) return [[(change as TxMixin).mixin], ...always]
  if (change._class !== core.class.TxUpdateDoc) return undefined
  const { operations } = change as TxUpdateDoc
  const paths = Object.entries(operations).flatMap(([key, value]): (Path | undefined)[] => {
    if (!key.startsWith('$')) return [key.split('.')]
    if (typeof value !== 'object' || value === null || key === '$pushMixin') return [undefined]
    return Object.keys(value).map((inner) => inner.split('.'))
  })
  return paths.includes(undefined) ? undefined : [...(paths as Path[]), ...always]
}
