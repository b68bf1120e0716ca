import { StorageError } from '../contract.ts'

export interface TooLargeFields {
  /** Required size in bytes. */
  size: number
  /** Maximum size in bytes. */
  limit: number
  /** Requests with log entries that are too large. */
  requests?: readonly string[]
  /** Ids of documents that are too large. */
  documents?: readonly string[]
}

/** A part of a batch is too large, or the whole batch if nothing is named. */
export class TooLargeError extends StorageError {
  readonly size: number
  readonly limit: number
  readonly requests: readonly string[]
  readonly documents: readonly string[]

  constructor(message: string, { size, limit, requests = [], documents = [] }: TooLargeFields) {
    super('too-large', message)
    this.size = size
    this.limit = limit
    this.requests = requests
    this.documents = documents
  }

  /** Combines several errors of one batch. The size is that of the first. */
  static ofAll([first, ...others]: readonly [TooLargeError, ...TooLargeError[]]): TooLargeError {
    const all = [first, ...others]
    return new TooLargeError(first.message, {
      size: first.size,
      limit: first.limit,
      requests: all.flatMap(({ requests }) => requests),
      documents: all.flatMap(({ documents }) => documents),
    })
  }
}
