import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RunningProcess, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

/** A compiler that does not end until a file `go` exists. */
const compiler = `
const { existsSync, mkdirSync, writeFileSync } = require('node:fs')
mkdirSync('dist', { recursive: true })
writeFileSync('compiling', String(process.pid))
const timer = setInterval(() => existsSync('go') && clearInterval(timer), 10)
`

/** A clone with installed dependencies, which is not built yet. */
async function clone(): Promise<string> {
  const folder = await temporaryFolder()
  await cp(join(root, 'scripts', 'bootstrap'), join(folder, 'scripts', 'bootstrap'), { recursive: true })
  const bin = join(folder, 'node_modules', 'typescript', 'bin')
  for (const needed of [bin, join(folder, 'model'), join(folder, 'dist')])
    await mkdir(needed, { recursive: true })
  await writeFile(join(bin, 'tsc'), compiler)
  await writeFile(join(bin, 'package.json'), '{"type":"commonjs"}')
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'tsconfig.json'), '{}')
  await writeFile(join(folder, 'model', 'a.ts'), '')
  await writeFile(join(folder, 'package-lock.json'), '{}')
  const installed = `${createHash('sha256').update('{}').digest('hex')} ${process.versions.modules} ${process.platform}`
  await writeFile(join(folder, 'node_modules', '.atrium-installed'), installed)
  return folder
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'CFG-55: a build that is ended or killed leaves nothing that the next build waits for (%s)',
  async (signal) => {
    const folder = await clone()
    const words = [process.execPath, join(folder, 'scripts', 'bootstrap', 'build.js')]
    const first = new RunningProcess(words, {}, { cwd: folder })
    const compiling = join(folder, 'compiling')
    await waitUntil(() => existsSync(compiling), 'the compiler')
    const compilerId = Number(await readFile(compiling, 'utf8'))
    onTestEnd(() => isThere(compilerId) && process.kill(compilerId, 'SIGKILL'))
    expect(await endedBy(first, signal)).toBe(signal)
    if (signal === 'SIGTERM') await waitUntil(() => !isThere(compilerId), 'the end of the compiler')
    await writeFile(join(folder, 'go'), '')
    const next = new RunningProcess(words, {}, { cwd: folder })
    expectFor(next.stderr, await next.ended()).toBe(0)
    expect(existsSync(join(folder, 'dist', '.atrium-built'))).toBe(true)
  },
)

async function endedBy(running: RunningProcess, signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
  running.child.kill(signal)
  await waitUntil(
    () => running.child.exitCode !== null || running.child.signalCode !== null,
    'the end of the build',
  )
  return running.child.signalCode
}

function isThere(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}
