import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { build as bundle } from 'esbuild'
import { temporaryFolder } from '../support/executable.ts'
import { bundler } from './bundle.ts'
import { build } from './page-server.ts'

/** What the client may be made of. */
const parts = new Set(['model/', 'client/', 'protocol/', 'msgpackr', '@noble/hashes', 'fflate'])

test('SDK-61: the browser’s bundle imports nothing, has nothing of Node and the server in it, and is small', async (context) => {
  const { bundleClient, LIMIT } = await bundler()
  const outfile = join(await temporaryFolder(context), 'atrium-client.js')
  const bundled = await bundleClient(outfile)
  assert.deepEqual(bundled.nodeModules, [])
  assert.deepEqual(
    bundled.parts.filter(([part]) => !parts.has(part)),
    [],
  )
  assert.ok(bundled.gzip <= LIMIT, `${bundled.gzip} bytes after gzip`)
  const source = await readFile(outfile, 'utf8')
  assert.doesNotMatch(source, /\brequire\(|\bprocess\.|\bfrom\s*"/)
  assert.match(source, /export\s*\{/)
})

test('SDK-78: an application’s bundler leaves out what it does not use', async () => {
  const sizeOf = async (name: string) => {
    const contents = `export { ${name} } from ${JSON.stringify(join(build, 'client', 'index.js'))}`
    const stdin = { contents, resolveDir: build }
    const { outputFiles } = await bundle({
      stdin,
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
    })
    return outputFiles.reduce((sum, { contents: { length } }) => sum + length, 0)
  }
  const [all, store] = [await sizeOf('createClient'), await sizeOf('MemoryStore')]
  assert.ok(all > 10_000 && store < all / 20, `${store} of ${all} bytes`)
})
