import { chmodSync, closeSync, fchmodSync, openSync } from 'node:fs'
import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './out-of-files.ts'

/** Only the user that runs the server may access the data. */
export const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600

/**
 * Creates the folder and missing parents.
 * @throws Error of the system. Node's own `recursive` never ends below a folder that accepts no others, such as
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
  // The umask may have removed permissions that the server needs.
  await chmod(path, PRIVATE_FOLDER)
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}

/** Creates an empty file, regardless of the umask. @throws Error `EEXIST` or another one of the system */
export function createPrivateFile(path: string): void {
  const descriptor = openSync(path, 'wx', PRIVATE_FILE)
  try {
    fchmodSync(descriptor, PRIVATE_FILE)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Removes the permissions of the group and others. @param mode the current mode; nothing happens if it has no such
 * permissions
 */
export function closeToOthers(path: string, mode: number): void {
  if ((mode & 0o077) !== 0) chmodSync(path, mode & PRIVATE_FOLDER)
}
