import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../model/error-details.ts'

/**
 * Creates the folder and its missing parents. (Node's own `recursive` loops for ever in `/proc`, which exists and accepts
 * no folders.)
 *
 * @throws Error of the system
 */
export async function makeFolder(path: string): Promise<void> {
  const above = dirname(path)
  try {
    await mkdir(path)
  } catch (error) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory() === true) return
    if (codeOf(error) !== 'ENOENT' || above === path) throw error
    await makeFolder(above)
    await mkdir(path).catch(async (again: unknown) => {
      if (!(await stat(path).catch(() => undefined))?.isDirectory()) throw again
    })
  }
}
