import { chmodSync, closeSync, fchmodSync, openSync } from 'node:fs'
import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './out-of-files.ts'

/** What is kept is for the user the server runs as, and for nobody else. */
export const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600

/**
 * Makes the folder where it is not there, and what is missing above it.
 * @throws Error what the system says; Node's own `recursive` never ends where a folder is there and takes no other, as
 *   `/proc`
 */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    const above = dirname(path)
    if (codeOf(error) !== 'ENOENT' || above === path) throw error
    await makePrivateFolder(above)
    await makeOne(path)
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, PRIVATE_FOLDER)
  } catch (error) {
    if (await isFolder(path)) return
    throw error
  }
  // The umask may have taken from it what the server itself needs.
  await chmod(path, PRIVATE_FOLDER)
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
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
