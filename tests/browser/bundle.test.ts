import { describe, expect, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as bundle } from 'esbuild'
import { temporaryFolder } from '../support/executable.ts'
import { bundler } from './bundle.ts'
import { build } from './page-server.ts'
import { expectFor } from '../support/expecting.ts'

/** The permitted parts of the client. */
const parts = new Set(['model/', 'client/', 'protocol/', 'msgpackr', '@noble/hashes', 'fflate', 're2js'])

describe('browser bundle', () => {
  test('SDK-61: the browser bundle imports nothing, contains nothing of Node and the server, and is small', async () => {
    const { bundleClient, LIMIT } = await bundler()
    const outfile = join(await temporaryFolder(), 'atrium-client.js')
    const bundled = await bundleClient(outfile)
    expect(bundled.nodeModules).toStrictEqual([])
    expect(bundled.parts.filter(([part]) => !parts.has(part))).toStrictEqual([])
    expect(bundled.gzip).toBeLessThanOrEqual(LIMIT)
    const source = await readFile(outfile, 'utf8')
    expect(source).not.toMatch(/\brequire\(|\bprocess\.|\bfrom\s*"/)
    expect(source).toMatch(/export\s*\{/)
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
    expectFor(`${store} of ${all} bytes`, all).toBeGreaterThan(10_000)
    expect(store).toBeLessThan(all / 20)
  })
})
