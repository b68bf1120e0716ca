import { StorageError } from '../contract.ts'

export interface TooLargeFields {
  /** Bytes that it would take. */
  size: number
  /** Bytes that the storage takes. */
  limit: number
  /** Requests that have entries in the log which are too large. */
  requests?: readonly string[]
  /** Ids of documents that are too large. */
  documents?: readonly string[]
}

/** Something of a batch is larger than the storage keeps, or all of it together where nothing is named. */
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

  /** Several that were found in one batch, as one: the size is that of the first. */
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
