// Installs what is missing and builds what changed. Plain JavaScript that needs only Node, as it runs first in a fresh
// clone. Its messages go to standard error, so they do not mix with a command's output.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withBuildLock } from './build-lock.js'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const SOURCES = [
  'model',
  'protocol',
  'pipeline',
  'storage',
  'server',
  'client',
  'scripts',
  'tests',
  'examples',
  'bench',
]
const INSTALLED = join(root, 'node_modules', '.atrium-installed')
const BUILT = join(root, 'dist', '.atrium-built')
const LOCK = join(root, '.cache', 'build.lock')

class PreparationError extends Error {}

/** Ends the process with 1 when the work fails, after one line with the reason. */
export async function prepare() {
  if (isCurrent(INSTALLED, dependencies()) && isCurrent(BUILT, sources())) return
  try {
    await withBuildLock(LOCK, async (signal) => {
      const wanted = dependencies()
      if (!isCurrent(INSTALLED, wanted)) await install(wanted, signal)
      const written = sources()
      if (!isCurrent(BUILT, written)) await build(written, signal)
    })
  } catch (error) {
    if (error.name !== 'AbortError') say(explained(error))
    process.exit(1)
  }
}

function explained(error) {
  if (error instanceof PreparationError) return error.message
  return error.syscall?.startsWith('spawn')
    ? `${error.path} could not be started: ${error.message}`
    : error.message
}

async function install(wanted, signal) {
  say('installing dependencies (a minute or two the first time)')
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], signal)
  writeFileSync(INSTALLED, wanted)
}

async function build(written, signal) {
  say('building')
  if (fileList(readOr(BUILT)) !== fileList(written))
    rmSync(join(root, 'dist'), { recursive: true, force: true })
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root], signal)
  writeFileSync(BUILT, written)
}

/** Identifies what has to be installed: the lock file, and the Node for which native modules are built. */
function dependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  return `${createHash('sha256').update(lock).digest('hex')} ${process.versions.modules} ${process.platform}`
}

/** Identifies the build: the names of the files on the first line, then a hash of all contents. */
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

/** @param signal ends it */
async function run(command, args, signal) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, JOBS: process.env.JOBS ?? 'max' },
    signal,
  })
  const status = await once(child, 'close').then(([code]) => code)
  if (status !== 0) throw new PreparationError(`${command} ${args.join(' ')} failed`)
}

export function say(line) {
  process.stderr.write(`atrium: ${line}\n`)
}
