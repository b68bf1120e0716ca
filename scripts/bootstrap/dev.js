// Builds and starts the server again whenever a source changes. A build that fails leaves the old one running.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'
import { endWithNpm } from './parent.js'
import { prepare, root, say, SOURCES } from './prepare.js'

/** Milliseconds in which several changes count as one, as an editor may write several files. */
const QUIET = 150

let server
let timer
let stopping = false

endWithNpm()
await prepare()
start()
for (const folder of SOURCES.filter((name) => existsSync(join(root, name)))) {
  watch(join(root, folder), { recursive: true }, (_event, file) => {
    if (file === null || !/\.tsx?$/.test(file)) return
    clearTimeout(timer)
    timer = setTimeout(rebuild, QUIET)
  })
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(signal))

function start() {
  const started = spawn(
    process.execPath,
    [join(root, 'scripts', 'bootstrap', 'start.js'), ...process.argv.slice(2)],
    {
      cwd: root,
      stdio: 'inherit',
      // Modules get frozen values, see ATRIUM_MODULE_CHECKS.
      env: { NODE_ENV: 'development', ...process.env },
    },
  )
  server = started
  started.on('exit', (code) => {
    if (stopping) process.exit(code ?? 0)
    if (server === started) say('the server ended; it is started again when a source changes')
  })
}

function rebuild() {
  const build = spawnSync(process.execPath, [join(root, 'scripts', 'bootstrap', 'build.js')], {
    stdio: 'inherit',
  })
  if (build.status !== 0) return
  const old = server
  server = undefined
  if (old.exitCode !== null) start()
  else {
    old.once('exit', start)
    old.kill('SIGTERM')
  }
}

function stop(signal) {
  stopping = true
  if (server === undefined || server.exitCode !== null) process.exit(0)
  server.kill(signal)
}
