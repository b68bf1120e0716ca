// Builds on every change, and starts the server again when the build changed.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root } from './prepare.js'

await prepare()
const compiler = spawn(
  process.execPath,
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root, '--watch', '--preserveWatchOutput'],
  { cwd: root, stdio: 'inherit' },
)
const server = spawn(
  process.execPath,
  [
    '--watch',
    '--watch-preserve-output',
    join(root, 'dist', 'scripts', 'dev-start.js'),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    compiler.kill(signal)
    server.kill(signal)
  })
}
server.on('exit', (code) => {
  compiler.kill()
  process.exitCode = code ?? 0
})
