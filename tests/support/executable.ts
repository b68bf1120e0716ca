import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestEnd } from './on-test-end.ts'

const build = fileURLToPath(new URL('../..', import.meta.url))

/** The executable runs the files of `dist`; the tests of another build run that build’s command line. */
const command = build.endsWith(`${sep}dist${sep}`)
  ? join(build, '..', 'scripts', 'atrium')
  : join(build, 'tests', 'crash', 'start.js')

/** Milliseconds within which a process must report that it listens. */
const START_TIMEOUT = 60_000

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export type Environment = Record<string, string>

/** Options of the server and credentials of the machine are left out. */
function environment(given: Environment): Environment {
  return { PATH: process.env['PATH'] ?? '', ATRIUM_LOG_LEVEL: 'error', ...given }
}

export interface ProcessOptions {
  uid?: number
  cwd?: string
  /** A separate process group. */
  detached?: boolean
}

function spawnPiped(words: readonly string[], env: Environment, options: ProcessOptions = {}) {
  const [program = '', ...args] = words
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  return spawn(program, args, { env: environment(env), stdio, ...options })
}

function spawnAtrium(args: readonly string[], env: Environment, options: ProcessOptions = {}) {
  return spawnPiped([process.execPath, command, ...args], env, options)
}

/** Runs `atrium` to its end. */
export async function atrium(
  args: readonly string[],
  env: Environment = {},
  options: ProcessOptions = {},
): Promise<Ended> {
  const child = spawnAtrium(args, env, options)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/** A running process, with its output so far. */
export class RunningProcess {
  readonly lines: string[] = []
  stderr = ''
  readonly child: ReturnType<typeof spawnPiped>
  readonly #waiting: (() => void)[] = []
  readonly #exited: Promise<number | null>

  /** @param words the program and its arguments */
  constructor(words: readonly string[], env: Environment, options: ProcessOptions = {}) {
    this.child = spawnPiped(words, env, options)
    this.#exited = once(this.child, 'close').then(([code]) => code as number | null)
    void this.#exited.then(() => this.#wake())
    this.child.stderr.on('data', (data: Buffer) => {
      this.stderr += data.toString()
      this.#wake()
    })
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.lines.push(line)
      this.#wake()
    })
    onTestEnd(async () => {
      this.child.kill('SIGKILL')
      await this.#exited
    })
  }

  /** The first matching line of the earlier and later output. */
  async line(pattern: RegExp): Promise<string> {
    return await this.#until(() => this.lines.find((line) => pattern.test(line)), `a line ${pattern}`)
  }

  async said(pattern: RegExp): Promise<string> {
    return await this.#until(() => pattern.exec(this.stderr)?.[0], `${pattern} on standard error`)
  }

  /** The exit code after the signal; `null` when the signal itself ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return await this.#exited
  }

  async ended(): Promise<number | null> {
    return await this.#exited
  }

  async #until<T>(find: () => T | undefined, what: string): Promise<T> {
    const deadline = AbortSignal.timeout(START_TIMEOUT)
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (this.child.exitCode !== null || deadline.aborted)
        throw new Error(`${what} did not come; ${this.lines.join('\n')}\n${this.stderr}`)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        deadline.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** `atrium` in a running process. */
export class RunningAtrium extends RunningProcess {
  constructor(args: readonly string[], env: Environment, options: ProcessOptions = {}) {
    super([process.execPath, command, ...args], env, options)
  }

  /** The `http://HOST:PORT` of the server. */
  async url(): Promise<string> {
    return (await this.line(/listening on/)).replace(/^.*(?=http:)/, '')
  }
}

/** A folder that is removed with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-test-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}
