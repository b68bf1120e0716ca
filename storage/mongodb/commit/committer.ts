import type { Domain } from '../../../model/documents.ts'
import { type CommitBatch, type LogEntry, StorageError } from '../../contract.ts'
import type { Tombstones } from './tombstones.ts'
import type { Documents, Put, Remove } from '../documents/documents.ts'
import type { History } from '../log/workspace-metadata.ts'
import type { MixedTypeFields } from '../query/mixed-type-fields.ts'
import { isContentError } from '../driver/failure.ts'
import type { Log } from '../log/log.ts'
import { type RetryOptions, retrying } from '../driver/retry.ts'
import type { Schema } from '../query/schema.ts'
import type { Scratch } from '../driver/scratch.ts'
import { requireOneMessage, SizeCheck } from '../driver/size-limits.ts'
import {
  changedId,
  entryText,
  storedDocument,
  storedEntry,
  type StoredEntry,
} from '../log/stored-document.ts'

export interface CommitterOptions {
  log: Log
  documents: Documents
  tombstones: Tombstones
  mixedTypeFields: MixedTypeFields
  schema: Schema
  history: History
  scratch: Scratch
  retry: RetryOptions
  now: () => number
  /** Reports content that the server rejects, and whether it is stored as text instead. */
  refused: (fields: Record<string, unknown>, isKept: boolean) => void
}

/** The writes of a batch. */
interface Writing {
  entries: StoredEntry[]
  puts: Put[]
  removes: Remove[]
}

/**
 * Writes one batch at a time: it checks the assumptions, then writes the log, then the documents, in three round
 * trips. If the outcome of a batch is unknown, it is determined before anything else is written.
 */
export class Committer {
  readonly #options: CommitterOptions
  #unsettled: Writing | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  get isSettled(): boolean {
    return this.#unsettled === undefined
  }

  async commit(batch: CommitBatch): Promise<void> {
    await this.settle()
    const { log, mixedTypeFields, retry, schema } = this.#options
    requireNext(batch.entries, log.lastSeq + 1)
    await this.#requireAbsent(batch)
    const writing = this.#writingOf(batch)
    await retrying(async () => {
      if (await mixedTypeFields.note(batch.puts)) await schema.dropParallel()
    }, retry)
    await this.#write(writing)
  }

  /** Appends restored entries without documents. Each is a group of its own. */
  async append(entries: readonly LogEntry[]): Promise<void> {
    const { log } = this.#options
    const position = { owner: log.owner, projected: log.lastSeq }
    const stored = entries.map((entry) =>
      storedEntry(entry, { ...position, first: entry.seq, last: entry.seq }),
    )
    await this.#write({ entries: stored, puts: [], removes: [] })
  }

  /** Determines the outcome of an unsettled batch. Afterwards the log and the documents are consistent. */
  async settle(): Promise<void> {
    const writing = this.#unsettled
    if (writing === undefined) return
    const { log, retry } = this.#options
    const happened = await retrying(async () => {
      await log.takeOver()
      return await log.has(writing.entries)
    }, retry)
    if (happened) await this.#project(writing, 1)
    else this.#unsettled = undefined
  }

  async #requireAbsent({ absent }: CommitBatch): Promise<void> {
    if (absent === undefined) return
    const { log, documents, retry } = this.#options
    const found = await retrying(
      () => Promise.all([log.knows(absent.requests), documents.hasAny(absent.documents)]),
      retry,
    )
    if (found.includes(true))
      throw new StorageError('exists', 'the batch assumed something to be new that exists')
  }

  async #write(writing: Writing): Promise<void> {
    const { log, retry } = this.#options
    this.#unsettled = writing
    try {
      await retrying((attempt) => this.#append(writing, attempt), retry)
    } catch (error) {
      // The log contains nothing of the batch.
      if (error instanceof StorageError && error.code === 'conflict' && !log.isLost)
        this.#unsettled = undefined
      throw error
    }
    await this.#project(writing, 0)
  }

  async #append(writing: Writing, attempt: number): Promise<void> {
    const { log, mixedTypeFields } = this.#options
    if (attempt > 0) await log.takeOver()
    const entries = attempt > 0 ? await log.missing(writing.entries) : writing.entries
    if (entries.length === 0) return
    if (entries.some((entry) => entry['%text'] !== undefined)) await mixedTypeFields.noteTextDocuments('tx')
    try {
      await log.append(entries)
    } catch (error) {
      if (!isContentError(error)) throw error
      await this.#appendAsText(writing, error)
    }
  }

  /** Stores rejected entries of a group as text, so that no other transaction fails with them. */
  async #appendAsText(writing: Writing, err: unknown): Promise<void> {
    const { log, mixedTypeFields, scratch, refused } = this.#options
    await log.takeOver()
    const odd = new Set<StoredEntry>()
    for (const entry of writing.entries) if (!(await scratch.takes(entry))) odd.add(entry)
    await scratch.clear()
    // If no single entry is rejected, the server rejects their combination.
    const isOdd = (entry: StoredEntry) => odd.size === 0 || odd.has(entry)
    refused({ err, domain: 'tx', ids: writing.entries.filter(isOdd).map(({ tx }) => tx._id) }, true)
    writing.entries = writing.entries.map((entry) => (isOdd(entry) ? entryText(entry) : entry))
    await mixedTypeFields.noteTextDocuments('tx')
    // Restored entries are separate groups, so that some may have been written.
    await log.append(await log.missing(writing.entries))
  }

  async #project({ entries, puts, removes }: Writing, firstAttempt: number): Promise<void> {
    const { log, documents, tombstones, schema, retry, now } = this.#options
    await retrying(async (attempt) => {
      // Earlier commands may still be in flight.
      if (attempt + firstAttempt > 0) await tombstones.add([...puts.map(targetOf), ...removes], now())
      await documents.write(puts, removes)
      schema.touched(puts.map(({ domain }) => domain))
    }, retry)
    log.advance(entries.at(-1)?._id ?? log.lastSeq)
    this.#unsettled = undefined
  }

  #writingOf({ entries, puts, removes }: CommitBatch): Writing {
    const { log, history } = this.#options
    const last = log.lastSeq + entries.length
    const stamp = history.offset + last
    // Without an entry the stamp does not change, and equal stamps have to be replaced.
    const before = entries.length === 0 ? stamp + 1 : stamp
    const domains = new Map<string, Domain>()
    for (const { domain, doc } of puts) domains.set(doc._id, domain)
    for (const { domain, id } of removes) domains.set(id, domain)
    const position = { owner: log.owner, projected: log.lastSeq, first: log.lastSeq + 1, last }
    const sizes = new SizeCheck()
    const writing: Writing = {
      entries: sizes.all(entries, (entry) =>
        storedEntry(entry, { ...position, domain: domains.get(changedId(entry.tx) ?? '') }),
      ),
      puts: sizes.all(puts, ({ domain, doc }) => ({ domain, document: storedDocument(doc, stamp), before })),
      removes: removes.map((remove) => ({ ...remove, stamp, before })),
    }
    sizes.end()
    requireOneMessage(writing.entries)
    return writing
  }
}

function requireNext(entries: readonly LogEntry[], first: number): void {
  for (const [index, { seq }] of entries.entries()) {
    if (seq !== first + index)
      throw new StorageError('conflict', `expected entry ${first + index}, not ${seq}`)
  }
}

function targetOf({ domain, document }: Put): { domain: Domain; id: string } {
  return { domain, id: document._id }
}
