import type { Collection, Db, Document, Filter, FindCursor } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { both } from '../filters/compile-condition.ts'
import { collectionName } from '../driver/database-name.ts'
import { older, putAll, type Putting } from './put-all.ts'
import { StorageError } from '../../contract.ts'
import { TooLargeError } from '../../shared/too-large.ts'
import { isAboutOne, messageOf } from '../driver/failure.ts'
import {
  documentOf,
  documentText,
  type StoredDocument,
  type StoredEntry,
  tombstone,
  transactionOf,
} from '../log/stored-document.ts'

/** Ids in one query at most. */
const idsAtOnce = 5000

export interface Put {
  domain: Domain
  document: StoredDocument
  /** Takes the place of what has a lesser stamp; of what is less than its own when left out. */
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

/** A collection of documents or of entries, as queries use it. Methods, as the filters of the two differ in type. */
export interface ReadableCollection {
  readonly collectionName: string
  find(filter: Document): FindCursor<Stored>
  countDocuments(filter: Document): Promise<number>
  distinct(key: string, filter: Document): Promise<unknown[]>
}

/** Where the documents of a domain are, and how they are told from what else is there. */
export interface Source {
  collection: ReadableCollection
  /** Where their fields are. */
  prefix: string
  /** What is a document of the domain. */
  filter: Document
  decode: (stored: Document) => Doc[]
}

export interface DocumentsOptions {
  database: Db
  /** The log's collection, and up to which `seq` it is read. */
  log: () => { collection: Collection<StoredEntry>; lastSeq: number }
  /** Whether there may be tombstones. */
  hasTombstones: () => boolean
  /** Whether a late write may bring the document back. */
  needsTombstone: (domain: Domain, id: string) => boolean
  /** Documents of the domain are about to be stored as text. */
  noteText: (domain: Domain) => Promise<void>
  /** Told of what the server refuses for good, and whether it is stored as text all the same. */
  refused: (fields: Record<string, unknown>, isKept: boolean) => void
}

/**
 * The documents of a workspace. Each has the stamp of the entry that last wrote it, and a write only takes the place
 * of an older one. Where there is a newer one, the write becomes an insert that collides, which is as it should be.
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

  async read(domain: Domain, ids: readonly string[]): Promise<Doc[]> {
    const { collection, prefix, filter, decode } = this.source(domain)
    const found = await Promise.all(
      slices(ids).map((some) =>
        collection.find(both([{ [`${prefix}_id`]: { $in: some } }, filter])).toArray(),
      ),
    )
    return found.flat().flatMap(decode)
  }

  /** As they are stored, tombstones too. */
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

  /** All at once: one call for each collection's puts, and one for its removes. Bears being done again. */
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
   * It is in the log, and has to be written somehow: as text, or not at all where that is refused too, for a reason that
   * lies in the document.
   * @throws StorageError `unavailable` when the server takes no text either, and says nothing of the kind
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
    if (isTried && !isAboutOne(err)) throw new StorageError('unavailable', messageOf(err), { cause: err })
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

/** None where that is more than the server keeps. */
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
