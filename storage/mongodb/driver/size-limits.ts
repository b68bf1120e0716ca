import { BSON, type Document } from 'mongodb'
import { TooLargeError } from '../../shared/too-large.ts'

/** Below the server's limit of 16 MB, to leave room for additional fields. */
const maxDocumentBytes = 16 * 1024 * 1024 - 16_384

/** The driver splits a bulk above 48 MB, so that the first half could be committed without the second. */
export const maxGroupBytes = 40 * 1024 * 1024

/** @throws TooLargeError that names the requests or documents in `about` */
export function checkedSize<T extends Document>(
  stored: T,
  about: { requests: readonly string[] } | { documents: readonly string[] },
): T {
  const size = BSON.calculateObjectSize(stored)
  if (size <= maxDocumentBytes) return stored
  const message = `${String(stored['_id'])} exceeds the maximum size of a document in MongoDB`
  throw new TooLargeError(message, { size, limit: maxDocumentBytes, ...about })
}

/** @throws TooLargeError without names, because it concerns all entries together */
export function requireOneMessage(entries: readonly Document[]): void {
  const size = entries.reduce((bytes, entry) => bytes + BSON.calculateObjectSize(entry), 0)
  if (size <= maxGroupBytes) return
  const message = 'the batch exceeds the maximum size of a message'
  throw new TooLargeError(message, { size, limit: maxGroupBytes })
}

/** Applies a function to items and collects the errors of those that are too large. */
export class SizeCheck {
  readonly #found: TooLargeError[] = []

  all<T, U>(items: readonly T[], make: (item: T) => U): U[] {
    return items.flatMap((item) => {
      try {
        return [make(item)]
      } catch (error) {
        if (!(error instanceof TooLargeError)) throw error
        this.#found.push(error)
        return []
      }
    })
  }

  /** @throws TooLargeError if any item was too large */
  end(): void {
    const [first, ...others] = this.#found
    if (first !== undefined) throw TooLargeError.ofAll([first, ...others])
  }
}
