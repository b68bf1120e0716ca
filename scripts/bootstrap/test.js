// Installs, builds, and runs every test; or those whose file name holds one of the arguments. Options are jest's, but
// for `--explore`: what tests do at random they do from fresh seeds, and without arguments those alone run that do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare, root } from './prepare.js'

await prepare()
const dist = join(root, 'dist')
const { options, wanted, isExploring } = parsed(process.argv.slice(2))
if (isExploring) process.env.EXPLORE = '1'
if (wanted.length === 0) await import('../../dist/tests/services/prepare.js')
const files = readdirSync(dist, { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => join(dist, file))
  .filter((file) => !isExploring || wanted.length > 0 || isRandom(file))

if (files.length === 0) fail('no test was found')
else await runJest()

/** Words are parts of file names until the first option: what follows one may be its value. */
function parsed(words) {
  const isExploring = words.includes('--explore')
  const own = words.filter((word) => word !== '--explore')
  const at = own.findIndex((word) => word.startsWith('-'))
  const end = at === -1 ? own.length : at
  return { wanted: own.slice(0, end), options: own.slice(end), isExploring }
}

/** Itself, or by a suite that it shares. */
function isRandom(file) {
  return /property-parameters\.js|contract-suite\.js/.test(readFileSync(file, 'utf8'))
}

async function runJest() {
  // Not by NODE_OPTIONS: processes that tests start would have them too.
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const jest = fileURLToPath(import.meta.resolve('jest/bin/jest'))
  const paths = wanted.length === 0 && !isExploring ? [] : ['--runTestsByPath', ...files]
  const args = [...node, jest, '--config', join(root, 'jest.config.js'), ...options, ...paths]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  let closing
  child.on('message', (text) => (closing = text))
  const [code, signal] = await once(child, 'close')
  if (closing === undefined)
    return fail(signal === null ? 'no test ran' : `the tests were ended by ${signal}`)
  process.stdout.write(closing)
  process.exitCode = code
}

function fail(line) {
  process.stdout.write(`${line}\n0 passed, 1 failed, 0 skipped\n`)
  process.exitCode = 1
}
