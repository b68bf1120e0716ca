// Builds dist/client/browser/atrium-client.js, and fails when it is too big.
import { join } from 'node:path'
import { prepare, root } from './bootstrap/prepare.js'

await prepare()
const { bundleClient, LIMIT } = await import('./bundle-client.js')
const outfile = join(root, 'dist', 'client', 'browser', 'atrium-client.js')
const { bytes, gzip, brotli, parts, nodeModules } = await bundleClient(outfile)
const kilobytes = (count) => `${(count / 1000).toFixed(1)} kB`
const lines = [
  `${outfile}: ${kilobytes(bytes)}, gzip ${kilobytes(gzip)}, brotli ${kilobytes(brotli)}`,
  ...parts.map(([part, size]) => `  ${kilobytes(size).padStart(9)}  ${part}`),
]
process.stdout.write(`${lines.join('\n')}\n`)
const complaints = [
  ...(gzip > LIMIT ? [`more than ${kilobytes(LIMIT)} after gzip`] : []),
  ...nodeModules.map((name) => `imports ${name}, which browsers do not have`),
]
for (const complaint of complaints) process.stderr.write(`the bundle is wrong: ${complaint}\n`)
process.exitCode = complaints.length === 0 ? 0 : 1
