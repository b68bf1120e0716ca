import { randomBytes } from 'node:crypto'
import type { Doc, Domain } from '../../model/documents.ts'
import { DocumentStore } from '../../model/document-store.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { restoredTransaction } from '../shared/restored-transaction.ts'
import {
  type Absent,
  type CommitBatch,
  type LogEntry,
  type LogRequest,
  type Prefetched,
  StorageError,
} from '../contract.ts'

/** The data of a workspace, whether it is open or not. */
export class MemoryHistory {
  readonly store = new DocumentStore()
  epoch = newEpoch()
  #log: LogEntry[] = []
  #isRestored = false

  get lastSeq(): number {
    return this.#log.at(-1)?.seq ?? 0
  }

  commit({ absent, entries, puts, removes }: CommitBatch): void {
    if (absent !== undefined) this.#requireAbsent(absent)
    const first = this.lastSeq + 1
    entries.forEach(({ seq }, index) => {
      if (seq !== first + index)
        throw new StorageError('conflict', `expected entry ${first + index}, not ${seq}`)
    })
    const known = new Set(this.#log.map(({ tx }) => tx._id))
    const repeated = entries.find(({ tx }) => known.has(tx._id))
    if (repeated !== undefined) throw new StorageError('conflict', `${repeated.tx._id} is already in the log`)
    for (const entry of entries) this.#append(copy(entry))
    for (const { domain, doc } of puts) this.store.put(domain, copy(doc))
    for (const { domain, id } of removes) this.store.remove(domain, id)
  }

  #requireAbsent({ requests, documents }: Absent): void {
    const found = documents.some(({ domain, ids }) =>
      ids.some((id) => this.store.get(domain, id) !== undefined),
    )
    if (found || this.results(requests).length > 0)
      throw new StorageError('exists', 'the batch assumed something to be new that exists')
  }

  read({ after, limit, objectSpace, objectIds }: LogRequest): LogEntry[] {
    return this.#log
      .filter(
        ({ seq, tx }) =>
          seq > after &&
          (objectSpace === undefined || tx.objectSpace === objectSpace) &&
          (objectIds === undefined || objectIds.includes(tx.objectId)),
      )
      .slice(0, limit)
  }

  results(ids: readonly string[]): Prefetched['requests'] {
    return [...new Set(ids)].flatMap((id) => {
      const entries = this.#log.filter(({ tx, request }) => tx._id === id || request === id)
      const result = entries.find((entry) => entry.result !== undefined)?.result
      return entries.length === 0 ? [] : [{ id, result }]
    })
  }

  upload(domain: Domain, docs: readonly Doc[]): void {
    if (domain !== domains.tx) for (const doc of docs) this.store.put(domain, copy(doc))
    else this.#restore(() => docs.forEach((doc) => this.#uploadTransaction(restoredTransaction(copy(doc)))))
  }

  clean(domain: Domain, ids: readonly string[]): void {
    for (const id of ids) this.store.remove(domain, id)
    const removed = new Set(ids)
    if (domain === domains.tx)
      this.#restore(() => (this.#log = this.#log.filter(({ tx }) => !removed.has(tx._id))))
  }

  /** Sorts restored transactions by time. */
  restoreOrder(): void {
    if (!this.#isRestored) return
    this.#log.sort((a, b) => a.tx.modifiedOn - b.tx.modifiedOn || a.seq - b.seq)
    this.#log.forEach((entry, index) => (entry.seq = index + 1))
    this.#isRestored = false
  }

  #restore(change: () => void): void {
    change()
    this.epoch = newEpoch()
    this.#isRestored = true
  }

  #uploadTransaction(tx: TxCUD): void {
    const known = this.#log.find((entry) => entry.tx._id === tx._id)
    if (known === undefined) this.#append({ seq: this.lastSeq + 1, tx, request: tx._id })
    else {
      known.tx = tx
      this.store.put(domains.tx, tx)
    }
  }

  #append(entry: LogEntry): void {
    this.#log.push(entry)
    if (entry.tx.space !== core.space.DerivedTx) this.store.put(domains.tx, entry.tx)
  }
}

/** Copies the value as a file would, so that later changes of the original have no effect. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value))
}

function newEpoch(): string {
  return randomBytes(8).toString('hex')
}
