import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project, wherever the build is. */
export const root = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'SPEC.md'))) {
    if (dirname(folder) === folder) throw new Error('SPEC.md is in no folder above the tests')
    folder = dirname(folder)
  }
  return folder
})()
