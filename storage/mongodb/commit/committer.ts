import type { Domain } from '../../../model/documents.ts'
import { type CommitBatch, type LogEntry, StorageError } from '../../contract.ts'
import type { Tombstones } from './tombstones.ts'
import type { Documents, Put, Remove } from '../documents/documents.ts'
import type { History } from '../log/workspace-metadata.ts'
import type { MixedTypeFields } from '../query/mixed-type-fields.ts'
import { isAboutContent } from '../driver/failure.ts'
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
  /** Told of what the server refuses, and whether it is stored as text all the same. */
  refused: (fields: Record<string, unknown>, isKept: boolean) => void
}

/** What is to be written for a batch. */
interface Writing {
  entries: StoredEntry[]
  puts: Put[]
  removes: Remove[]
}

/**
 * Writes batches, one after another: whether they are new, then the log, then the documents, three round trips
 * whatever their size. A batch whose outcome isn't known is kept, and made known before anything else is done.
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

  /** Entries without documents: restored ones. Each is committed by itself. */
  async append(entries: readonly LogEntry[]): Promise<void> {
    const { log } = this.#options
    const place = { owner: log.owner, projected: log.lastSeq }
    const stored = entries.map((entry) => storedEntry(entry, { ...place, first: entry.seq, last: entry.seq }))
    await this.#write({ entries: stored, puts: [], removes: [] })
  }

  /** Makes up for a batch of unknown outcome. Thereafter the log and the documents are what they seem. */
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
    if (found.includes(true)) throw new StorageError('exists', 'not all of it is new')
  }

  async #write(writing: Writing): Promise<void> {
    const { log, retry } = this.#options
    this.#unsettled = writing
    try {
      await retrying((attempt) => this.#append(writing, attempt), retry)
    } catch (error) {
      // The log has told that nothing of it is there.
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
    if (entries.some((entry) => entry['%text'] !== undefined)) await mixedTypeFields.noteText('tx')
    try {
      await log.append(entries)
    } catch (error) {
      if (!isAboutContent(error)) throw error
      await this.#appendAsText(writing, error)
    }
  }

  /** What the server refuses of a group goes in as text: nobody else's transactions fail for it. */
  async #appendAsText(writing: Writing, err: unknown): Promise<void> {
    const { log, mixedTypeFields, scratch, refused } = this.#options
    await log.takeOver()
    const odd = new Set<StoredEntry>()
    for (const entry of writing.entries) if (!(await scratch.takes(entry))) odd.add(entry)
    await scratch.clear()
    // It may have been all of them together.
    const isOdd = (entry: StoredEntry) => odd.size === 0 || odd.has(entry)
    refused({ err, domain: 'tx', ids: writing.entries.filter(isOdd).map(({ tx }) => tx._id) }, true)
    writing.entries = writing.entries.map((entry) => (isOdd(entry) ? entryText(entry) : entry))
    await mixedTypeFields.noteText('tx')
    // Of restored entries, which are not committed together, some may be there.
    await log.append(await log.missing(writing.entries))
  }

  async #project({ entries, puts, removes }: Writing, firstAttempt: number): Promise<void> {
    const { log, documents, tombstones, schema, retry, now } = this.#options
    await retrying(async (attempt) => {
      // What was sent before may still be on its way.
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
    // Without an entry there is no new stamp: what was written last is still to be replaced.
    const before = entries.length === 0 ? stamp + 1 : stamp
    const domains = new Map<string, Domain>()
    for (const { domain, doc } of puts) domains.set(doc._id, domain)
    for (const { domain, id } of removes) domains.set(id, domain)
    const place = { owner: log.owner, projected: log.lastSeq, first: log.lastSeq + 1, last }
    const sizes = new SizeCheck()
    const writing: Writing = {
      entries: sizes.all(entries, (entry) =>
        storedEntry(entry, { ...place, domain: domains.get(changedId(entry.tx) ?? '') }),
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
