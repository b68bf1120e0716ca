import { innerChange } from '../../model/inner-change.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { LogEntry } from '../../storage/contract.ts'

/** The log entries of a group, with what other requests of the group look up in them. */
export class LogEntries {
  all: LogEntry[] = []
  /** Whether any of them changes the model. */
  hasModelChange = false
  readonly #byId = new Map<string, LogEntry>()
  /** The transaction that names the id; `null` if several do. */
  readonly #naming = new Map<string, string | null>()

  add(entry: LogEntry): void {
    const { tx } = entry
    this.all.push(entry)
    this.hasModelChange ||= isModelChange(tx)
    if (!this.#byId.has(tx._id)) this.#byId.set(tx._id, entry)
    for (const id of namedBy(tx)) {
      const other = this.#naming.get(id)
      this.#naming.set(id, other === undefined || other === tx._id ? tx._id : null)
    }
  }

  find(id: string): LogEntry | undefined {
    return this.#byId.get(id)
  }

  /** Whether a transaction other than `own` changes a document, or is in a space, of this id. */
  names(id: string, own: TxCUD): boolean {
    const by = this.#naming.get(id)
    return by !== undefined && by !== own._id
  }

  /** The first entry of a request whose entries are the last ones. */
  firstOf(request: string): LogEntry | undefined {
    let at = this.all.length
    while (at > 0 && this.all[at - 1]?.request === request) at -= 1
    return this.all[at]
  }

  /** Keeps the first entries only. */
  truncate(length: number): void {
    if (length >= this.all.length) return
    const kept = this.all.slice(0, length)
    this.clear()
    for (const entry of kept) this.add(entry)
  }

  clear(): void {
    this.all = []
    this.hasModelChange = false
    this.#byId.clear()
    this.#naming.clear()
  }
}

export function isModelChange(tx: Tx): boolean {
  return tx.objectSpace === core.space.Model
}

/** The documents that a transaction and its inner one change, and their spaces. */
function namedBy(tx: TxCUD): string[] {
  const inner = innerChange(tx)
  const own = [tx.objectId, tx.objectSpace]
  return inner === tx ? own : [...own, inner.objectId, inner.objectSpace]
}
