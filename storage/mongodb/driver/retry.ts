import { setTimeout as wait } from 'node:timers/promises'
import { StorageError } from '../../contract.ts'
import { isTemporary, toStorageError } from './failure.ts'

export interface RetryOptions {
  /** Maximum time of retries, in milliseconds. */
  retryFor: number
  /** Ends all waits and retries. */
  signal: AbortSignal
}

const firstDelay = 25
const longestDelay = 1000

/** Retries temporary failures. The action has to be idempotent. */
export async function retrying<T>(
  action: (attempt: number) => Promise<T>,
  { retryFor, signal }: RetryOptions,
): Promise<T> {
  const end = performance.now() + retryFor
  for (let attempt = 0; ; attempt++) {
    try {
      return await action(attempt)
    } catch (error) {
      const delay = Math.min(longestDelay, firstDelay * 2 ** attempt)
      if (!isTemporary(error) || performance.now() + delay > end) throw toStorageError(error)
      await pause(delay, signal, error)
    }
  }
}

async function pause(delay: number, signal: AbortSignal, cause: unknown): Promise<void> {
  try {
    await wait(delay, undefined, { signal })
  } catch {
    throw new StorageError('unavailable', 'the storage is closing', { cause })
  }
}
