import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { atrium, type Ended, temporaryFolder } from '../support/executable.ts'
import { damagedAccounts } from '../support/damaged-accounts.ts'

/** The user `nobody`, where the tests run as one who may everything. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {}

/** One line that names the matter, and no stack. */
function assertOneLine({ code, stdout, stderr }: Ended, expected: number, pattern: RegExp): void {
  const lines = stderr.trim().split('\n')
  assert.deepEqual([code, stdout, lines.length], [expected, '', 1], stderr)
  assert.match(lines[0] ?? '', pattern)
}

test('CFG-10: a port in use ends the start with one line that names it, and exit code 1', async (context) => {
  const data = await temporaryFolder(context)
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  context.after(() => blocker.close())
  const { port } = blocker.address() as AddressInfo
  const ended = await atrium(['start'], { ATRIUM_DATA: data, ATRIUM_PORT: String(port), ATRIUM_DEMO: '0' })
  assertOneLine(ended, 1, new RegExp(`^atrium: port ${port} of 127.0.0.1 is in use: .*ATRIUM_PORT`))
})

test('CFG-11: a data folder that cannot be made or written ends the start with one line that names it', async (context) => {
  const folder = await temporaryFolder(context)
  await chmod(folder, 0o755)
  const file = join(folder, 'file')
  await writeFile(file, '')
  const env = { ATRIUM_PORT: '0', ATRIUM_DEMO: '0' }
  const below = await atrium(['start'], { ...env, ATRIUM_DATA: join(file, 'data') })
  assertOneLine(below, 1, /^atrium: the data folder .* cannot be (made|written).*ATRIUM_DATA/)
  const closed = join(folder, 'closed')
  await mkdir(closed, { mode: 0o555 })
  for (const secret of [{}, { ATRIUM_SECRET: 'x'.repeat(32) }] as Record<string, string>[]) {
    const ended = await atrium(['start'], { ...env, ...secret, ATRIUM_DATA: closed }, nobody)
    assertOneLine(ended, 1, /^atrium: the data folder .* cannot be (made|written).*ATRIUM_DATA/)
  }
})

test('CFG-12: a damaged file of the accounts ends the start with one line', async (context) => {
  const data = await damagedAccounts(context)
  const ended = await atrium(['start'], { ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_DEMO: '0' })
  assertOneLine(ended, 1, /^atrium: a file in the data folder .* is damaged/)
})
