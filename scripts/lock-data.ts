import { join } from 'node:path'
import { FileLock, LockHeldError } from '../client/store/file-lock.ts'
import { makePrivateFolder } from '../storage/shared/private-files.ts'

const FILE = 'lock'

/**
 * Locks the data folder until this process ends, however it ends.
 * @returns a function that releases the lock
 * @throws Error when another server holds it
 */
export async function lockData(data: string): Promise<() => Promise<void>> {
  await makePrivateFolder(data)
  const lock = new FileLock(join(data, FILE))
  await lock.take().catch((error: unknown) => {
    if (!(error instanceof LockHeldError)) throw error
    throw new Error(`another server uses the data folder ${data}: stop it, or set ATRIUM_DATA to another`, {
      cause: error,
    })
  })
  return () => lock.release()
}
