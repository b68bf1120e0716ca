import { createHash } from 'node:crypto'
import { type Collection, type Document, type IndexDescription, MongoNetworkTimeoutError } from 'mongodb'
import type { Domain } from '../../../model/documents.ts'
import type { IndexSchema, StorageSchema } from '../contract.ts'
import { unitedSchema } from '../united-schema.ts'
import type { Source } from './documents.ts'
import { fieldPath } from './escape.ts'
import type { HistoryCollection } from './history.ts'
import type { Irregularities } from './irregularities.ts'

export interface SchemaOptions {
  meta: HistoryCollection
  irregularities: Irregularities
  source: (domain: Domain) => Source
  /** Told what goes wrong in the background. */
  failed: (error: unknown) => void
}

interface StoredSchema extends Document {
  text: string
  /** The indexes are there, and no others. */
  made: boolean
  /** While they are not: what was declared before, whose indexes may still be there. */
  before?: string
}

/** What the model declares, and the indexes of it, which are made while the workspace is used. */
export class Schema {
  readonly #options: SchemaOptions
  #current: StorageSchema = { domains: [] }
  #making: Promise<void> = Promise.resolve()

  constructor(options: SchemaOptions) {
    this.#options = options
  }

  get current(): StorageSchema {
    return this.#current
  }

  /** Keeps what an earlier schema declared beside this one. */
  async open(declared: StorageSchema): Promise<void> {
    const stored = await this.#options.meta.findOne<StoredSchema>({ _id: 'schema' })
    const stale = schemaOf(stored?.made === true ? undefined : stored?.before)
    const before = schemaOf(stored?.text)
    this.#current = unitedSchema(before, declared)
    const text = JSON.stringify(this.#current)
    if (stored?.made !== true || stored.text !== text) await this.#change(unitedSchema(before, stale), text)
  }

  async apply(schema: StorageSchema): Promise<void> {
    const before = this.#current
    this.#current = schema
    const text = JSON.stringify(schema)
    if (JSON.stringify(before) !== text) await this.#change(before, text)
  }

  /** Resolves when nothing is made any more. */
  async idle(): Promise<void> {
    await this.#making
  }

  /**
   * MongoDB refuses a document with arrays in two fields of one index, and what is in the log has to be written:
   * such an index goes before the document comes.
   */
  async dropParallel(): Promise<void> {
    await this.#making
    for (const schema of this.#current.domains) {
      for (const index of schema.indexes.filter((each) => this.#isParallel(schema.domain, each)))
        await dropIndex(this.#options.source(schema.domain).collection, nameOf(index))
    }
  }

  async #change(before: StorageSchema, text: string): Promise<void> {
    const { meta, failed } = this.#options
    const save = (made: boolean) => {
      const kept = made ? {} : { before: JSON.stringify(before) }
      return meta.replaceOne({ _id: 'schema' }, { text, made, ...kept } as Document, { upsert: true })
    }
    await save(false)
    const schema = this.#current
    this.#making = this.#making
      .then(async () => {
        await this.#makeIndexes(schema)
        await this.#dropIndexes(before, schema)
        if (this.#current === schema) await save(true)
      })
      .catch(failed)
  }

  async #makeIndexes(schema: StorageSchema): Promise<void> {
    for (const { domain, indexes } of schema.domains) {
      const { collection, prefix } = this.#options.source(domain)
      const wanted = indexes.filter((index) => !this.#isParallel(domain, index))
      const described = wanted.flatMap((index) => description(index, prefix))
      const own = domain === 'tx' ? [] : defaultIndexes
      if (own.length + described.length > 0)
        await patiently(() => collection.createIndexes([...own, ...described]))
    }
  }

  async #dropIndexes(before: StorageSchema, schema: StorageSchema): Promise<void> {
    const kept = new Map(schema.domains.map(({ domain, indexes }) => [domain, new Set(indexes.map(nameOf))]))
    for (const { domain, indexes } of before.domains) {
      for (const name of indexes.map(nameOf))
        if (kept.get(domain)?.has(name) !== true)
          await dropIndex(this.#options.source(domain).collection, name)
    }
  }

  #isParallel(domain: Domain, index: IndexSchema): boolean {
    const { irregularities } = this.#options
    return index.keys.filter(({ path }) => irregularities.mayHaveArrays(domain, path)).length > 1
  }
}

/** Times that the index is asked for, each as long as a command may take. */
const maxAttempts = 120

/** Those of every domain: for a class, a space, and what is attached to a document. */
const defaultIndexes: IndexDescription[] = [
  { name: 'by_class', key: { _class: 1, _id: 1 } },
  { name: 'by_space', key: { space: 1, _class: 1, _id: 1 } },
  { name: 'by_parent', key: { attachedTo: 1, _id: 1 } },
]

/** The declared keys, then `_id`, so that a page sorted by them needs no sorting. */
function description(index: IndexSchema, prefix: string): IndexDescription[] {
  const key = new Map<string, 1 | -1>()
  for (const { path, order } of index.keys) {
    const field = fieldPath(path)
    if (field === undefined) return []
    key.set(prefix + field, order)
  }
  if (key.size === 0) return []
  if (!key.has(`${prefix}_id`)) key.set(`${prefix}_id`, 1)
  return [{ name: nameOf(index), key }]
}

/** The server goes on with what takes it longer than a command may: asking again waits for that. */
async function patiently(make: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await make()
      return
    } catch (error) {
      if (!(error instanceof MongoNetworkTimeoutError) || attempt === maxAttempts) throw error
    }
  }
}

function nameOf(index: IndexSchema): string {
  return `ix_${createHash('sha256').update(JSON.stringify(index.keys)).digest('hex').slice(0, 16)}`
}

async function dropIndex(collection: Collection, name: string): Promise<void> {
  try {
    await collection.dropIndex(name)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** IndexNotFound and NamespaceNotFound. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 27 || error.code === 26)
}

function schemaOf(text: string | undefined): StorageSchema {
  return text === undefined ? { domains: [] } : (JSON.parse(text) as StorageSchema)
}
