import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/executable.ts'
import { bundler } from './bundle.ts'

/** What the client may be made of. */
const parts = new Set(['model/', 'client/', 'protocol/', 'msgpackr', '@noble/hashes', 'fflate'])

test('SDK-61: the browser’s bundle imports nothing, has nothing of Node and the server in it, and is small', async (context) => {
  const { bundleClient, LIMIT } = await bundler()
  const outfile = join(await temporaryFolder(context), 'atrium-client.js')
  const bundle = await bundleClient(outfile)
  assert.deepEqual(bundle.nodeModules, [])
  assert.deepEqual(
    bundle.parts.filter(([part]) => !parts.has(part)),
    [],
  )
  assert.ok(bundle.gzip <= LIMIT, `${bundle.gzip} bytes after gzip`)
  const source = await readFile(outfile, 'utf8')
  assert.doesNotMatch(source, /\brequire\(|\bprocess\.|\bfrom\s*"/)
  assert.match(source, /export\s*\{/)
})
