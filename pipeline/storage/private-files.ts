import { chmodSync, closeSync, fchmodSync, openSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'

/** What is kept is for the user the server runs as, and for nobody else. */
export const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600

/** Makes the folder where it is not there, and what is missing above it. */
export async function makePrivateFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
  // The umask may have taken from it what the server itself needs.
  if (made !== undefined) await chmod(path, PRIVATE_FOLDER)
}

/** Makes an empty file, whatever the umask. @throws Error `EEXIST` and what else the system says */
export function createPrivateFile(path: string): void {
  const descriptor = openSync(path, 'wx', PRIVATE_FILE)
  try {
    fchmodSync(descriptor, PRIVATE_FILE)
  } finally {
    closeSync(descriptor)
  }
}

/** Takes from the group and others what they may do. @param mode as it is; nothing happens when that is nothing */
export function closeToOthers(path: string, mode: number): void {
  if ((mode & 0o077) !== 0) chmodSync(path, mode & PRIVATE_FOLDER)
}
