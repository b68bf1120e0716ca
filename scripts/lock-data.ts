import { join } from 'node:path'
import { FileLock, LockHeldError } from '../client/store/file-lock.ts'
import { makePrivateFolder } from '../storage/shared/private-files.ts'

const FILE = 'lock'

/**
 * Takes the data folder for this process, until it ends in whatever way.
 * @returns what gives it up
 * @throws Error when another server has it
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
