import { BSON, type Document } from 'mongodb'
import { TooLargeError } from '../../shared/too-large.ts'

/** Less than the 16 MB of a server, for what is added to a document. */
const maxDocumentBytes = 16 * 1024 * 1024 - 16_384

/** The driver cuts a bulk beyond 48 MB in two, and the first half could be committed without the second. */
export const maxGroupBytes = 40 * 1024 * 1024

/** @throws TooLargeError which names what `about` does */
export function checkedSize<T extends Document>(
  stored: T,
  about: { requests: readonly string[] } | { documents: readonly string[] },
): T {
  const size = BSON.calculateObjectSize(stored)
  if (size <= maxDocumentBytes) return stored
  const message = `${String(stored['_id'])} is larger than MongoDB keeps`
  throw new TooLargeError(message, { size, limit: maxDocumentBytes, ...about })
}

/** @throws TooLargeError which names nothing: it is all of them together */
export function requireOneMessage(entries: readonly Document[]): void {
  const size = entries.reduce((bytes, entry) => bytes + BSON.calculateObjectSize(entry), 0)
  if (size <= maxGroupBytes) return
  const message = 'what is to be committed together is larger than one message'
  throw new TooLargeError(message, { size, limit: maxGroupBytes })
}

/** Makes something of each; what is too large is told of all of them at once. */
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

  /** @throws TooLargeError for what was */
  end(): void {
    const [first, ...others] = this.#found
    if (first !== undefined) throw TooLargeError.ofAll([first, ...others])
  }
}
