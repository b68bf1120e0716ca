import { type Collection, type IndexDescription, MongoNetworkTimeoutError, MongoServerError } from 'mongodb'

export type Key = ReadonlyMap<string, 1 | -1>

/** An index that a collection should have. */
export interface WantedIndex {
  name: string
  key: Key
  unique?: boolean
  sparse?: boolean
}

interface ExistingIndex {
  name: string
  key: string
}

/** The indexes of a collection do not depend on what it contains. */
type IndexedCollection = Pick<Collection, 'listIndexes' | 'createIndexes' | 'dropIndex'>

/** Times that the index is asked for, each as long as a command may take. */
const maxAttempts = 120
const namespaceNotFound = 26
const indexNotFound = 27

/**
 * The indexes of one collection. What is there is listed first: one server answers that an index is made again by
 * ending the connection, and each refuses the same key under another name.
 */
export class CollectionIndexes {
  readonly #collection: IndexedCollection

  constructor(collection: IndexedCollection) {
    this.#collection = collection
  }

  async list(): Promise<ExistingIndex[]> {
    try {
      const found = await this.#collection.listIndexes().toArray()
      return found.map(({ name, key }) => ({
        name: String(name),
        key: textOf(Object.entries(key)),
      }))
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  /** Those that are not there, whatever their names. */
  async missing(wanted: readonly WantedIndex[]): Promise<WantedIndex[]> {
    const there = new Set((await this.list()).map(({ key }) => key))
    return wanted.filter(({ key }) => !there.has(textOf(key)))
  }

  /** Makes indexes that are not there. */
  async create(indexes: readonly WantedIndex[]): Promise<void> {
    if (indexes.length === 0) return
    await patiently(() => this.#collection.createIndexes(indexes.map(descriptionOf)))
  }

  async drop(name: string): Promise<void> {
    try {
      await this.#collection.dropIndex(name)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
}

export function textOf(key: Iterable<readonly [string, unknown]>): string {
  return JSON.stringify([...key])
}

/** The first of those with equal keys. */
export function distinctByKey(indexes: readonly WantedIndex[]): WantedIndex[] {
  const byKey = new Map<string, WantedIndex>()
  for (const index of indexes) {
    const text = textOf(index.key)
    if (!byKey.has(text)) byKey.set(text, index)
  }
  return [...byKey.values()]
}

function descriptionOf({ key, ...rest }: WantedIndex): IndexDescription {
  return { ...rest, key: new Map(key) }
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

function isMissing(error: unknown): boolean {
  return (
    error instanceof MongoServerError && (error.code === namespaceNotFound || error.code === indexNotFound)
  )
}
