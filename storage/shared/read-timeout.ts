import { StorageError } from '../contract.ts'

/** Milliseconds that a read may take, its time in queues included. */
export const defaultReadTimeout = 10_000

/** A read that took too long, and was stopped. */
export class ReadTimeoutError extends StorageError {
  /** Milliseconds. */
  readonly value: number

  constructor(value: number, options?: ErrorOptions) {
    super('timeout', `the read took longer than ${value} ms`, options)
    this.name = 'ReadTimeoutError'
    this.value = value
  }
}
