import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { root } from './support/root.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-arrows-'))
  for (const path of ['.oxlintrc.json', 'scripts/lint'])
    cpSync(join(root, path), join(folder, path), { recursive: true })
})

afterAll(() => rmSync(folder, { recursive: true }))

/** The result of the project’s lint for these files alone, with their paths from its root. */
function lint(files: Record<string, string>): string {
  const paths = Object.keys(files)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), paths, {
    cwd: folder,
    encoding: 'utf8',
  })
  return `${status} ${stdout}`
}

describe('import arrows', () => {
  test('CFG-97: an import of a higher folder fails the lint, also of a type', () => {
    const found = lint({
      'server/wire/low.ts': "import type { High } from '../sessions/high.ts'\nexport type Low = High\n",
      'server/sessions/high.ts': 'export type High = string\n',
    })
    expect(found).toMatch(/^1 /)
    expect(found).toContain('server/wire stands below server/sessions')
  })

  test('CFG-97: an import of another top-level folder than the allowed ones fails the lint', () => {
    const found = lint({
      'model/low.ts': "export { high } from '../pipeline/shared/high.ts'\n",
      'pipeline/shared/high.ts': 'export const high = 1\n',
    })
    expect(found).toMatch(/^1 /)
    expect(found).toContain('model/ may import nothing, not pipeline/')
  })

  test('CFG-97: a file in a folder that the order does not name fails the lint', () => {
    const found = lint({
      'server/unknown/file.ts': "import { low } from '../wire/lowest.ts'\nexport const file = low\n",
      'server/wire/lowest.ts': 'export const low = 1\n',
    })
    expect(found).toContain('does not say where server/unknown stands')
  })

  test('CFG-97: an import cycle fails the lint, also of types', () => {
    const found = lint({
      'server/wire/one.ts': "import type { Two } from './two.ts'\nexport type One = Two\n",
      'server/wire/two.ts': "import type { One } from './one.ts'\nexport type Two = One[]\n",
    })
    expect(found).toMatch(/^1 /)
    expect(found).toContain('Dependency cycle')
  })

  test('CFG-97: an import of a lower folder passes the lint', () => {
    const found = lint({
      'server/sessions/upper.ts': "import { lower } from '../wire/lower.ts'\nexport const upper = lower\n",
      'server/wire/lower.ts': 'export const lower = 1\n',
    })
    expect(found).toMatch(/^0 /)
  })
})
