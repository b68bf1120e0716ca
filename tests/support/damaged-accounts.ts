import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileName } from '../../storage/sqlite/file/file-name.ts'
import { RESERVED_PREFIX } from '../../server/auth/tokens.ts'
import { temporaryFolder } from './executable.ts'

/** A data folder in which the file of the built-in accounts is damaged. */
export async function damagedAccounts(): Promise<string> {
  const data = await temporaryFolder()
  await mkdir(join(data, 'workspaces'))
  await writeFile(
    join(data, 'workspaces', fileName(`${RESERVED_PREFIX}accounts`)),
    Buffer.alloc(9999, 'garbage'),
  )
  return data
}
