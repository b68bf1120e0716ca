// Types (by the build), lint with the import arrows, format, dead code.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root, say } from './prepare.js'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const checks = [
  { name: 'types', command: bin('tsc'), args: ['-p', root, '--noEmit'] },
  { name: 'lint and import arrows', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', command: bin('prettier'), args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'dead code', command: bin('knip'), args: ['--no-progress'] },
]

await prepare()
let failed = 0
for (const { name, command, args } of checks) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  say(`${name}: ${status === 0 ? 'ok' : 'FAILED'}`)
  if (status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
