// Bundles the client for browsers, and reports the size of its parts.
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bytes after gzip. The engine of `$regex` is 46,000 of them: live queries must match as the server does, and a saved
 * pattern of somebody else must not freeze the page.
 */
export const LIMIT = 105_000

/** One ES module that a browser can load by itself, and its source map. */
export async function bundleClient(outfile) {
  const { metafile } = await build({
    entryPoints: [join(root, 'client', 'index.ts')],
    absWorkingDir: root,
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const bytes = readFileSync(outfile)
  return {
    bytes: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
    parts: partsOf(metafile),
    nodeModules: nodeModulesOf(metafile),
  }
}

/** Bytes of each package and each folder of our own, the biggest first. */
function partsOf({ outputs }) {
  const parts = new Map()
  for (const { inputs } of Object.values(outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs ?? {})) {
      const part = partOf(path)
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput)
    }
  return [...parts].filter(([, bytes]) => bytes > 0).sort(([, a], [, b]) => b - a)
}

function partOf(path) {
  const installed = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  return installed ?? `${path.split('/')[0]}/`
}

/** What only Node has, imported by anything that is in the bundle. */
function nodeModulesOf({ inputs, outputs }) {
  const imports = [...Object.values(inputs), ...Object.values(outputs)].flatMap(({ imports }) => imports)
  const paths = imports.map(({ path }) => path)
  return [...new Set(paths.filter((path) => path.startsWith('node:') || builtinModules.includes(path)))]
}
