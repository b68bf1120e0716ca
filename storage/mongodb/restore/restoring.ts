import type { Collection } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import { StorageError } from '../../contract.ts'
import type { Committer } from '../commit/committer.ts'
import type { Documents } from '../documents/documents.ts'
import { type History, type HistoryCollection, saveHistory } from '../log/workspace-metadata.ts'
import type { MixedTypeFields } from '../query/mixed-type-fields.ts'
import type { Log } from '../log/log.ts'
import { markRestored, replaceTransactions } from './restore.ts'
import { type RetryOptions, retrying } from '../driver/retry.ts'
import type { Schema } from '../query/schema.ts'
import { storedDocument, type StoredEntry } from '../log/stored-document.ts'

const docsAtOnce = 500

export interface RestoringOptions {
  log: Log
  entries: Collection<StoredEntry>
  committer: Committer
  documents: Documents
  mixedTypeFields: MixedTypeFields
  schema: Schema
  meta: HistoryCollection
  history: History
  retry: RetryOptions
}

/** Changes without log entries. Each is idempotent. */
export class Restoring {
  readonly #options: RestoringOptions

  constructor(options: RestoringOptions) {
    this.#options = options
  }

  async upload(domain: Domain, docs: readonly Doc[]): Promise<void> {
    const { documents, mixedTypeFields, schema, retry } = this.#options
    await this.#begin()
    await this.#count()
    const stamp = this.#stamp
    for (const some of slices(docs)) {
      const puts = some.map((doc) => ({ domain, document: storedDocument(doc, stamp), before: stamp + 1 }))
      await retrying(async () => {
        if (await mixedTypeFields.note(some.map((doc) => ({ domain, doc })))) await schema.dropParallel()
        await documents.write(puts, [])
        schema.touched(some.map(() => domain))
      }, retry)
    }
  }

  async clean(domain: Domain, ids: readonly string[]): Promise<void> {
    const { documents, retry } = this.#options
    await this.#begin()
    await this.#count()
    const stamp = this.#stamp
    for (const some of slices(ids)) {
      const removes = some.map((id) => ({ domain, id, stamp, before: stamp + 1 }))
      await retrying(() => documents.write([], removes), retry)
    }
  }

  async uploadTransactions(docs: readonly Doc[]): Promise<void> {
    const { committer, entries, mixedTypeFields, log, retry } = this.#options
    await this.#beginLog(docs.map((doc) => ({ domain: 'tx', doc })))
    const noteText = () => mixedTypeFields.noteTextDocuments('tx')
    const fresh = await retrying(() => replaceTransactions(entries, docs, noteText), retry)
    for (const some of slices(fresh)) {
      const first = log.lastSeq + 1
      await committer.append(some.map((tx, index) => ({ seq: first + index, tx, request: tx._id })))
    }
  }

  async cleanTransactions(ids: readonly string[]): Promise<void> {
    const { entries, retry } = this.#options
    await this.#beginLog([])
    for (const some of slices(ids))
      await retrying(() => entries.deleteMany({ 'tx._id': { $in: [...some] } }), retry)
  }

  /** The maximum stamp of a document. */
  get #stamp(): number {
    const { history, log } = this.#options
    return history.offset + log.lastSeq
  }

  /** Seals the log, so that it is not replayed over restored documents. */
  async #begin(): Promise<void> {
    const { committer, log, retry } = this.#options
    await committer.settle()
    await retrying(async (attempt) => {
      if (attempt > 0) await log.takeOver()
      if (await log.seal()) return
      // Another owner has taken over, or an attempt without a response has sealed it.
      await log.takeOver()
      if (!(await log.seal())) throw new StorageError('conflict', 'the log changed in the meantime')
    }, retry)
  }

  /** Counted before the change: data derived from the documents are rebuilt if their count differs. */
  async #count(): Promise<void> {
    const { meta, history, retry } = this.#options
    await saveHistory(meta, history, { restores: (history.restores ?? 0) + 1 }, retry)
  }

  async #beginLog(docs: readonly { domain: Domain; doc: Doc }[]): Promise<void> {
    const { meta, history, mixedTypeFields, retry } = this.#options
    await this.#begin()
    await retrying(() => mixedTypeFields.note(docs), retry)
    await markRestored(meta, history, retry)
  }
}

function slices<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / docsAtOnce)
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * docsAtOnce, (index + 1) * docsAtOnce),
  )
}
