import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subject } from './fixture.ts'
import { fileName } from '../sqlite/file/file-name.ts'
import { createSqliteStorage, type SqliteStorageOptions } from '../sqlite/storage.ts'

export interface TemporarySubject extends Subject {
  directory: string
}

/** For tests: a storage in a folder that is removed with it. */
export async function temporarySubject(
  options: Partial<SqliteStorageOptions> = {},
): Promise<TemporarySubject> {
  const directory = await mkdtemp(join(tmpdir(), 'atrium-storage-'))
  const storage = createSqliteStorage({ directory, ...options })
  const dispose = async () => {
    await storage.close()
    await rm(directory, { recursive: true, force: true })
  }
  const indexFile = (workspace: string) => join(directory, fileName(workspace))
  return { storage, directory, indexFile, dispose }
}
