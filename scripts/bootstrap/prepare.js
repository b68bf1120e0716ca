// Installs what is missing and builds what changed. Plain JavaScript that needs nothing but Node, as it is what
// runs first in a fresh clone. What it says goes to standard error: a command's output stays its own.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const SOURCES = [
  'model',
  'protocol',
  'pipeline',
  'server',
  'client',
  'scripts',
  'tests',
  'examples',
  'bench',
]
const INSTALLED = join(root, 'node_modules', '.atrium-installed')
const BUILT = join(root, 'dist', '.atrium-built')
const LOCK = join(root, '.cache', 'prepare.lock')
/** Milliseconds after which the lock of a process that died is taken over. */
const STALE = 10 * 60_000

export async function prepare() {
  if (isCurrent(INSTALLED, dependencies()) && isCurrent(BUILT, sources())) return
  await locked(() => {
    const wanted = dependencies()
    if (!isCurrent(INSTALLED, wanted)) install(wanted)
    const written = sources()
    if (!isCurrent(BUILT, written)) build(written)
  })
}

function install(wanted) {
  say('installing dependencies (a minute or two the first time)')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(INSTALLED, wanted)
}

function build(written) {
  say('building')
  if (fileList(readOr(BUILT)) !== fileList(written))
    rmSync(join(root, 'dist'), { recursive: true, force: true })
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root])
  writeFileSync(BUILT, written)
}

/** What has to be installed: the lock file, and the Node that native modules are built for. */
function dependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  return `${createHash('sha256').update(lock).digest('hex')} ${process.versions.modules} ${process.platform}`
}

/** What has been written: the names on the first line, then a hash over all contents. */
function sources() {
  const files = SOURCES.flatMap((folder) => filesIn(join(root, folder))).sort((a, b) => (a < b ? -1 : 1))
  const hash = createHash('sha256')
  for (const file of [...files, join(root, 'tsconfig.json')]) hash.update(file).update(readFileSync(file))
  return `${createHash('sha256').update(files.join('\n')).digest('hex')}\n${hash.digest('hex')}`
}

function fileList(stamp) {
  return stamp.split('\n')[0]
}

function filesIn(folder) {
  let entries
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  } catch {
    return []
  }
  const files = entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

function isCurrent(file, wanted) {
  return readOr(file) === wanted
}

function readOr(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** One of several that start at once does the work; the others wait for it. */
async function locked(work) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  while (!tryLock()) await wait(200)
  try {
    work()
  } finally {
    rmSync(LOCK, { recursive: true, force: true })
  }
}

function tryLock() {
  try {
    mkdirSync(LOCK)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > STALE) rmSync(LOCK, { recursive: true, force: true })
    return false
  }
}

export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, JOBS: process.env.JOBS ?? 'max' },
    ...options,
  })
  if (result.error !== undefined) fail(`${command} could not be started: ${result.error.message}`)
  if (result.status !== 0) fail(`${command} ${args.join(' ')} failed`)
}

export function say(line) {
  process.stderr.write(`atrium: ${line}\n`)
}

function fail(line) {
  rmSync(LOCK, { recursive: true, force: true })
  say(line)
  process.exit(1)
}
