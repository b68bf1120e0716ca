import type { Db, Document } from 'mongodb'
import type { Domain } from '../../../model/documents.ts'
import type { DomainSchema, StorageSchema } from '../../contract.ts'
import { mergeSchemas } from '../../shared/merge-schemas.ts'
import { CollectionIndexes, textOf, type WantedIndex } from '../driver/collection-indexes.ts'
import { collectionName } from '../driver/database-name.ts'
import type { Source } from '../documents/documents.ts'
import { isTemporary } from '../driver/failure.ts'
import type { HistoryCollection } from '../log/workspace-metadata.ts'
import type { MixedTypeFields } from './mixed-type-fields.ts'
import { putMarks } from '../driver/marks.ts'
import { type RetryOptions, retrying } from '../driver/retry.ts'
import { isOwnName, isParallel, nameOf, wantedIndexes } from './wanted-indexes.ts'

export interface SchemaOptions {
  database: Db
  meta: HistoryCollection
  mixedTypeFields: MixedTypeFields
  source: (domain: Domain) => Source
  retry: RetryOptions
  /** Minimum number of documents for a domain to have indexes. */
  leastIndexed: number
  /** Reports failures in the background. */
  failed: (error: unknown, fields: Record<string, unknown>) => void
}

interface StoredSchema extends Document {
  text: string
  /** Collections whose indexes are complete. An earlier version stored a boolean. */
  made: unknown
  /** No collection has undeclared indexes. */
  clean?: boolean
}

/**
 * The declared schema and its indexes. Indexes are created in the background, for domains with enough documents to
 * justify a file for each index.
 */
export class Schema {
  readonly #options: SchemaOptions
  #current: StorageSchema = { domains: [] }
  /** Names of existing collections. */
  readonly #there = new Set<string>()
  readonly #made = new Set<string>()
  #isClean = false
  /** For small collections, the number of writes before their documents are counted again. */
  readonly #small = new Map<string, number>()
  #making: Promise<void> = Promise.resolve()
  /** Indexes are missing because the server was unavailable. */
  #isPending = false
  #isClosed = false

  constructor(options: SchemaOptions) {
    this.#options = options
  }

  get current(): StorageSchema {
    return this.#current
  }

  /** Keeps the declarations of earlier schemas. */
  async open(declared: StorageSchema): Promise<void> {
    const { database, meta } = this.#options
    const [stored, collections] = await Promise.all([
      meta.findOne<StoredSchema>({ _id: 'schema' }),
      database.listCollections({}, { nameOnly: true }).toArray(),
    ])
    this.#there.clear()
    for (const { name } of collections) this.#there.add(name)
    const text = stored?.text
    const made: string[] = Array.isArray(stored?.made) ? stored.made : []
    const there = made.filter((name) => this.#there.has(name))
    this.#isClean = stored?.clean === true
    await this.#change(mergeSchemas(schemaOf(text), declared), text, there)
  }

  async apply(schema: StorageSchema): Promise<void> {
    await this.#change(schema, JSON.stringify(this.#current), [...this.#made])
  }

  /** Documents of these domains were written. Their number may now justify indexes. */
  touched(domains: Iterable<Domain>): void {
    let isDue = this.#isPending
    for (const domain of domains) {
      const name = this.#nameOf(domain)
      const left = this.#small.get(name)
      isDue ||= left === 1 || !this.#there.has(name)
      this.#there.add(name)
      if (left !== undefined) this.#small.set(name, left - 1)
    }
    if (isDue) this.#begin()
  }

  /** Resolves when no index is being created. */
  async idle(): Promise<void> {
    await this.#making
  }

  /** The server continues the creation of an index. The next opening checks it. */
  close(): void {
    this.#isClosed = true
  }

  /** Drops indexes that would reject a document of the log, even while they are being created. */
  async dropParallel(): Promise<void> {
    const { database, mixedTypeFields } = this.#options
    for (const { domain, indexes } of this.#current.domains) {
      const name = this.#nameOf(domain)
      if (!this.#there.has(name)) continue
      const made = new CollectionIndexes(database.collection(name))
      for (const index of indexes)
        if (isParallel(domain, index, mixedTypeFields)) await made.drop(nameOf(index))
    }
  }

  async #change(schema: StorageSchema, before: string | undefined, made: string[]): Promise<void> {
    const text = JSON.stringify(schema)
    this.#current = schema
    const isSame = text === before
    this.#made.clear()
    if (isSame) for (const name of made) this.#made.add(name)
    if (!isSame) this.#isClean = false
    if (!isSame) await this.#save()
    this.#begin()
  }

  async #save(): Promise<void> {
    const stored = { text: JSON.stringify(this.#current), made: [...this.#made], clean: this.#isClean }
    await putMarks(this.#options.meta, ['schema'], stored)
  }

  #begin(): void {
    this.#isPending = false
    this.#making = this.#making
      .then(() => retrying(() => this.#makeAll(), this.#options.retry))
      .catch((error: unknown) => {
        this.#isPending = true
        this.#failed(error, {})
      })
  }

  async #makeAll(): Promise<void> {
    const schema = this.#current
    const byName = new Map(schema.domains.map((each) => [this.#nameOf(each.domain), each]))
    const pending = [...this.#there].filter((name) => !this.#made.has(name) && holdsDocuments(name, byName))
    const made: string[] = []
    for (const name of pending) {
      if (this.#isClosed || schema !== this.#current) return
      if (await this.#make(name, byName.get(name))) made.push(name)
    }
    if (this.#isClosed || schema !== this.#current || (this.#isClean && made.length === 0)) return
    for (const name of made) this.#made.add(name)
    this.#isClean = true
    await this.#save()
  }

  /** Resolves with whether the indexes are complete. A rejected index does not prevent the others. */
  async #make(name: string, declared: DomainSchema | undefined): Promise<boolean> {
    const { database, mixedTypeFields } = this.#options
    const indexes = new CollectionIndexes(database.collection(name))
    const prefix = declared === undefined ? '' : this.#source(declared.domain).prefix
    const wanted = () => (declared === undefined ? [] : wantedIndexes(declared, prefix, mixedTypeFields))
    if (wanted().length > 0 && !(await this.#isWorth(name))) {
      if (!this.#isClean) await dropOthers(indexes, wanted())
      return false
    }
    for (const index of await indexes.missing(wanted())) {
      if (this.#isClosed) return false
      await indexes.create([index]).catch((error: unknown) => {
        if (isTemporary(error)) throw error
        this.#failed(error, { collection: name, index: textOf(index.key) })
      })
    }
    // A document that an index would reject may have been written in the meantime.
    return await dropOthers(indexes, wanted())
  }

  async #isWorth(name: string): Promise<boolean> {
    const { database, leastIndexed } = this.#options
    const count = await database.collection(name).estimatedDocumentCount()
    if (count >= leastIndexed) this.#small.delete(name)
    else this.#small.set(name, leastIndexed - count)
    return count >= leastIndexed
  }

  #failed(error: unknown, fields: Record<string, unknown>): void {
    if (!this.#isClosed) this.#options.failed(error, fields)
  }

  #source(domain: Domain): Source {
    return this.#options.source(domain)
  }

  #nameOf(domain: Domain): string {
    return domain === 'tx' ? this.#source(domain).collection.collectionName : collectionName(domain)
  }
}

/** Drops this storage's indexes that are not wanted. Resolves with whether all wanted ones exist. */
async function dropOthers(indexes: CollectionIndexes, wanted: readonly WantedIndex[]): Promise<boolean> {
  const keys = new Set(wanted.map(({ key }) => textOf(key)))
  const others = (await indexes.list()).filter(({ name, key }) => isOwnName(name) && !keys.has(key))
  for (const { name } of others) await indexes.drop(name)
  return (await indexes.missing(wanted)).length === 0
}

/** Excludes the log, unless it has declared indexes, and the collections of the storage itself. */
function holdsDocuments(name: string, declared: ReadonlyMap<string, unknown>): boolean {
  return declared.has(name) || !/^(?:tx$|tx\.|atrium\.|system\.)/.test(name)
}

function schemaOf(text: string | undefined): StorageSchema {
  return text === undefined ? { domains: [] } : JSON.parse(text)
}
