// Installs, builds, and runs every test; or those whose file name holds one of the arguments.
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { prepare, root } from './prepare.js'

/** Milliseconds after which a file of tests that hangs has failed. */
const TIMEOUT = 300_000

await prepare()
const dist = join(root, 'dist')
const wanted = process.argv.slice(2)
if (wanted.length === 0) await import('../../dist/tests/services/prepare.js')
const files = readdirSync(dist, { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => join(dist, file))
  .sort()

const counts = { passed: 0, failed: 0, skipped: 0 }
const failures = []
const stream = run({ files, concurrency: 2, timeout: TIMEOUT })
stream.on('test:pass', ({ skip, todo, details }) => {
  if (details.type === 'suite') return
  if (skip !== undefined || todo !== undefined) counts.skipped += 1
  else counts.passed += 1
})
stream.on('test:fail', ({ name, file, details }) => {
  if (details.type === 'suite') return
  counts.failed += 1
  failures.push(`${name} (${relative(dist, file ?? '')})`)
})
stream.compose(spec).pipe(process.stdout)
stream.on('close', finish)
stream.on('end', finish)

let finished = false

function finish() {
  if (finished) return
  finished = true
  // After the reporter's own summary.
  setTimeout(() => {
    if (counts.passed + counts.failed === 0) process.stdout.write('no test was found\n')
    for (const failure of failures) process.stdout.write(`failed: ${failure}\n`)
    process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
    process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
  }, 500)
}
