import { MongoServerError } from 'mongodb'
import { ReadTimeoutError } from '../../shared/read-timeout.ts'

/** What is handed to the server and to the driver with each query of a read. */
export interface ReadBound {
  /** The server stops a query after this time. */
  maxTimeMS?: number
  /** The driver closes a cursor of the read when it is aborted, because some servers ignore `maxTimeMS`. */
  signal?: AbortSignal
}

const maxTimeExpired = 50

/**
 * Runs a read that may take this number of milliseconds.
 * @throws ReadTimeoutError
 */
export async function withinReadTimeout<T>(
  timeout: number,
  read: (bound: Required<ReadBound>) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const late = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(new ReadTimeoutError(timeout)), { once: true })
  })
  const timer = setTimeout(() => abort.abort(), timeout)
  try {
    return await Promise.race([read({ maxTimeMS: timeout, signal: abort.signal }), late])
  } catch (error) {
    throw isExpired(error) ? new ReadTimeoutError(timeout, { cause: error }) : error
  } finally {
    clearTimeout(timer)
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === maxTimeExpired
}
