// Opens files until the system refuses, then prints the error of a storage.
import { openSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { toFailure } from '../../storage/sqlite/file/failure.ts'
import { Sqlite } from '../../storage/sqlite/file/sqlite.ts'

function failureOf(open: () => unknown): string {
  try {
    for (;;) open()
  } catch (error) {
    const { code, message } = toFailure(error)
    return `${code}: ${message}`
  }
}

// Its library is a file too.
new Sqlite(':memory:').close()
const file = failureOf(() => openSync(devNull, 'r'))
const database = failureOf(() => new Sqlite(join(tmpdir(), 'never-made.db')))
process.stdout.write(`SQLite: ${database}\na file: ${file}\n`)
