import type { Collection, Document } from 'mongodb'
import { isAboutContent } from './failure.ts'

/** Where it is tried what the server takes. */
export class Scratch {
  readonly #collection: Collection

  constructor(collection: Collection) {
    this.#collection = collection
  }

  /** Whether the server takes the document, under another id. */
  async takes(document: Document): Promise<boolean> {
    try {
      const { _id: _, ...fields } = document
      await this.#collection.insertOne(fields)
      return true
    } catch (error) {
      if (isAboutContent(error)) return false
      throw error
    }
  }

  async clear(): Promise<void> {
    await this.#collection.drop()
  }
}
