import type { Collection, Db, Document, Filter, FindCursor } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import { core, domains } from '../../../model/identifiers.ts'
import type { ReadBound } from '../driver/read-bound.ts'
import { both } from '../filters/compile-condition.ts'
import { collectionName } from '../driver/database-name.ts'
import { older, putAll, type Putting } from './put-all.ts'
import { StorageError } from '../../contract.ts'
import { TooLargeError } from '../../shared/too-large.ts'
import { messageOf } from '../../../model/error-details.ts'
import { isSingleDocumentError } from '../driver/failure.ts'
import {
  documentOf,
  documentText,
  type StoredDocument,
  type StoredEntry,
  tombstone,
  transactionOf,
} from '../log/stored-document.ts'

/** Maximum number of ids in a query. */
const idsAtOnce = 5000

export interface Put {
  domain: Domain
  document: StoredDocument
  /** Replaces documents with a smaller stamp than this. The default is the document's own stamp. */
  before?: number
}

export interface Remove {
  domain: Domain
  id: string
  stamp: number
  before?: number
}

/** What a collection contains: documents by their ids, or entries of the log by `seq`. */
export interface Stored extends Document {
  _id: string | number
}

/** A collection of documents or of entries, for queries. It has methods because the filter types of the two differ. */
export interface ReadableCollection {
  readonly collectionName: string
  find(filter: Document, bound?: ReadBound): FindCursor<Stored>
  countDocuments(filter: Document, bound?: ReadBound): Promise<number>
  distinct(key: string, filter: Document): Promise<unknown[]>
}

/** The collection of a domain, and how its documents are stored. */
export interface Source {
  collection: ReadableCollection
  /** The prefix of field names. */
  prefix: string
  /** Matches the documents of the domain. */
  filter: Document
  decode: (stored: Document) => Doc[]
}

export interface DocumentsOptions {
  database: Db
  /** The collection of the log, and the last `seq` to read. */
  log: () => { collection: Collection<StoredEntry>; lastSeq: number }
  /** Whether there may be tombstones. */
  hasTombstones: () => boolean
  /** Whether a late write could restore the document after its removal. */
  needsTombstone: (domain: Domain, id: string) => boolean
  /** Called before documents of the domain are stored as text. */
  noteText: (domain: Domain) => Promise<void>
  /** Reports content that the server rejects permanently, and whether it is stored as text instead. */
  refused: (fields: Record<string, unknown>, isKept: boolean) => void
}

/**
 * The documents of a workspace. Each has the stamp of the last entry that wrote it. A write replaces older documents
 * only: over a newer one it becomes an insert, which fails with a duplicate key, as intended.
 */
export class Documents {
  readonly #options: DocumentsOptions

  constructor(options: DocumentsOptions) {
    this.#options = options
  }

  source(domain: Domain): Source {
    if (domain === domains.tx) return this.#logSource()
    const filter = this.#options.hasTombstones() ? { '%removed': { $exists: false } } : {}
    return { collection: this.#collection(domain), prefix: '', filter, decode: documentOf }
  }

  #logSource(): Source {
    const { collection, lastSeq } = this.#options.log()
    const filter = { _id: { $lte: lastSeq }, 'tx.space': { $ne: core.space.DerivedTx } }
    return { collection, prefix: 'tx.', filter, decode: (stored) => [transactionOf(stored)] }
  }

  async read(domain: Domain, ids: readonly string[], bound?: ReadBound): Promise<Doc[]> {
    const { collection, prefix, filter, decode } = this.source(domain)
    const found = await Promise.all(
      slices(ids).map((some) =>
        collection.find(both([{ [`${prefix}_id`]: { $in: some } }, filter]), { ...bound }).toArray(),
      ),
    )
    return found.flat().flatMap(decode)
  }

  /** Documents as stored, including tombstones. */
  async readStored(domain: Domain, ids: readonly string[]): Promise<StoredDocument[]> {
    const found = await Promise.all(
      slices(ids).map((some) =>
        this.#collection(domain)
          .find({ _id: { $in: some } })
          .toArray(),
      ),
    )
    return found.flat()
  }

  async hasAny(groups: readonly { domain: Domain; ids: readonly string[] }[]): Promise<boolean> {
    const found = await Promise.all(groups.map(({ domain, ids }) => this.read(domain, ids)))
    return found.some((docs) => docs.length > 0)
  }

  /** Writes concurrently, with one command for the puts and one for the removes of each collection. Idempotent. */
  async write(puts: readonly Put[], removes: readonly Remove[]): Promise<void> {
    const putting = new Map<Domain, Putting[]>()
    const removing = new Map<Domain, Filter<StoredDocument>[]>()
    for (const { domain, document, before = document['%stamp'] } of puts)
      groupOf(putting, domain).push({ document, before })
    for (const { domain, id, stamp, before = stamp } of removes) {
      if (this.#options.needsTombstone(domain, id))
        groupOf(putting, domain).push({ document: tombstone(id, stamp), before })
      else groupOf(removing, domain).push(older(id, before))
    }
    await Promise.all([
      ...[...putting].map(([domain, group]) => this.#put(domain, group)),
      ...[...removing].map(([domain, group]) => this.#remove(domain, group)),
    ])
  }

  /** Deletes tombstones. */
  async purge(removed: readonly { domain: Domain; id: string }[]): Promise<void> {
    for (const { domain, id } of removed)
      await this.#collection(domain).deleteOne({ _id: id, '%removed': true })
  }

  async #put(domain: Domain, puts: readonly Putting[]): Promise<void> {
    if (puts.some(({ document }) => document['%text'] !== undefined)) await this.#options.noteText(domain)
    await putAll(puts, {
      collection: this.#collection(domain),
      refused: (document, err) => this.#refused(domain, document, err),
    })
  }

  /**
   * The log already contains the document, so it has to be stored: as text, or not at all if the server rejects that
   * too because of the document.
   * @throws StorageError `unavailable` if the server rejects the text for another reason
   */
  async #refused(
    domain: Domain,
    document: StoredDocument,
    err: unknown,
  ): Promise<StoredDocument | undefined> {
    const [doc] = documentOf(document)
    const isTried = doc === undefined || document['%text'] !== undefined
    const text = isTried ? undefined : textOf(doc, document)
    const isKept = text !== undefined
    if (isTried && !isSingleDocumentError(err))
      throw new StorageError('unavailable', messageOf(err), { cause: err })
    this.#options.refused({ err, domain, id: document._id }, isKept)
    if (!isKept) return undefined
    await this.#options.noteText(domain)
    return text
  }

  async #remove(domain: Domain, filters: readonly Filter<StoredDocument>[]): Promise<void> {
    const operations = filters.map((filter) => ({ deleteOne: { filter } }))
    await this.#collection(domain).bulkWrite(operations, { ordered: false })
  }

  #collection(domain: Domain): Collection<StoredDocument> {
    return this.#options.database.collection<StoredDocument>(collectionName(domain))
  }
}

function groupOf<T>(groups: Map<Domain, T[]>, domain: Domain): T[] {
  const group = groups.get(domain) ?? []
  groups.set(domain, group)
  return group
}

/** `undefined` if the text exceeds the limit of the server. */
function textOf(doc: Doc, stored: StoredDocument): StoredDocument | undefined {
  try {
    return documentText(doc, stored['%stamp'])
  } catch (error) {
    if (error instanceof TooLargeError) return undefined
    throw error
  }
}

function slices(ids: readonly string[]): string[][] {
  const unique = [...new Set(ids)]
  const count = Math.ceil(unique.length / idsAtOnce)
  return Array.from({ length: count }, (_, index) => unique.slice(index * idsAtOnce, (index + 1) * idsAtOnce))
}
