// Types (by the build), lint with the import arrows, format, dead code.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root, say } from './prepare.js'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const checks = [
  ['types', bin('tsc'), ['-p', root, '--noEmit']],
  ['lint and import arrows', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['dead code', bin('knip'), ['--no-progress']],
]

await prepare()
let failed = 0
for (const [name, command, args] of checks) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  say(`${name}: ${status === 0 ? 'ok' : 'FAILED'}`)
  if (status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
