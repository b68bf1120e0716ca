import type { Collection, Document } from 'mongodb'
import { isContentError } from './failure.ts'

/** A collection to test which documents the server accepts. */
export class Scratch {
  readonly #collection: Collection

  constructor(collection: Collection) {
    this.#collection = collection
  }

  /** Whether the server accepts the document, under another id. */
  async takes(document: Document): Promise<boolean> {
    try {
      const { _id: _, ...fields } = document
      await this.#collection.insertOne(fields)
      return true
    } catch (error) {
      if (isContentError(error)) return false
      throw error
    }
  }

  async clear(): Promise<void> {
    await this.#collection.drop()
  }
}
