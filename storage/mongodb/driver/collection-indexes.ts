import { type Collection, type IndexDescription, MongoNetworkTimeoutError, MongoServerError } from 'mongodb'

export type Key = ReadonlyMap<string, 1 | -1>

/** A declared index of a collection. */
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

/** The indexes of a collection do not depend on the type of its documents. */
type IndexedCollection = Pick<Collection, 'listIndexes' | 'createIndexes' | 'dropIndex'>

/** Maximum number of attempts to create an index, each with the time limit of a command. */
const maxAttempts = 120
const namespaceNotFound = 26
const indexNotFound = 27

/**
 * The indexes of a collection. Existing ones are listed first: one server closes the connection when an index is
 * created twice, and all reject the same key under another name.
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

  /** The wanted indexes whose keys do not exist under any name. */
  async missing(wanted: readonly WantedIndex[]): Promise<WantedIndex[]> {
    const there = new Set((await this.list()).map(({ key }) => key))
    return wanted.filter(({ key }) => !there.has(textOf(key)))
  }

  /** Creates indexes that do not exist. */
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

/** Drops indexes with the same key as an earlier one. */
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

/** The server continues a creation after the command has timed out. Repeating the command waits for it. */
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
