import { LRUCache } from 'lru-cache'
import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { AttachedDoc, Doc, Ref, Unchecked } from '../../model/documents.ts'
import { innerChange } from '../../model/inner-change.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { DocumentChange } from '../../model/transactions.ts'
import type { LogEntry, WorkspaceStorage } from '../../storage/contract.ts'

/** Documents whose last state is kept, so that the next change of them needs no replay from the beginning. */
const MAX_KEPT = 1000
/** Entries read at a time. */
const PAGE = 500

/** Entries of a request on each side of one of them that are examined. */
const NEAR = 250

/** A document after an entry of the log. */
interface Kept {
  seq: number
  doc: Doc | undefined
}

/** What entries of the log did to their documents: replays the log of single documents. */
export class DocumentHistory {
  readonly #storage: WorkspaceStorage
  readonly #hierarchy: Hierarchy
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_KEPT })

  constructor(storage: WorkspaceStorage, hierarchy: Hierarchy) {
    this.#storage = storage
    this.#hierarchy = hierarchy
  }

  /**
   * The document before and after the entry.
   * @throws Error if the log does not have the history of the document; StorageError
   */
  async change(entry: LogEntry): Promise<DocumentChange> {
    const { _id } = targetOf(entry.tx)
    const kept = this.#kept.get(_id)
    const before = await this.#before(entry, kept !== undefined && kept.seq < entry.seq ? kept : undefined)
    if (before === undefined && innerChange(entry.tx)._class !== 'core:class:TxCreateDoc')
      throw new Error(`the log does not have the history of ${_id}, which was restored`)
    const after = applyTransaction(before, entry.tx)
    this.#kept.set(_id, { seq: entry.seq, doc: after })
    return { before, after }
  }

  async #before(entry: LogEntry, from: Kept = { seq: 0, doc: undefined }): Promise<Doc | undefined> {
    const { _id } = targetOf(entry.tx)
    const objectIds = await this.#namesOf(entry)
    let { seq: after, doc } = from
    while (after < entry.seq) {
      const page = await this.#storage.readLog({ after, limit: PAGE, objectIds })
      for (const { seq, tx } of page)
        if (seq < entry.seq && targetOf(tx)._id === _id) doc = applyTransaction(doc, tx)
      if (page.length < PAGE) break
      after = page.at(-1)?.seq ?? entry.seq
    }
    return doc
  }

  /** The `objectId`s under which the log has changes of the document: its own, and that of its parent. */
  async #namesOf({ seq, tx, request }: LogEntry): Promise<Ref[]> {
    const { _id, _class } = targetOf(tx)
    if (tx._class === 'core:class:TxCollectionCUD') return [_id, tx.objectId]
    const domain = this.#hierarchy.domainOf(_class) ?? ''
    const [doc]: Unchecked<AttachedDoc>[] = await this.#storage.get(domain, [_id])
    if (doc !== undefined) return doc.attachedTo === undefined ? [_id] : [_id, doc.attachedTo]
    // It is removed: the same request removed its parent, or changed the counter of the parent.
    const near = await this.#storage.readLog({ after: Math.max(0, seq - NEAR), limit: 2 * NEAR })
    return [_id, ...new Set(near.filter((each) => each.request === request).map((each) => each.tx.objectId))]
  }
}
