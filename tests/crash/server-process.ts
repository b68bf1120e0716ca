import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const SECRET = 'the secret of servers that tests kill'

/** Milliseconds within which a server must print its address. */
const START_TIMEOUT = 30_000

/** A real server in its own process, which can be killed. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** @param script the script of the process: the command line by default */
  static async start(
    data: string,
    more: NodeJS.ProcessEnv = {},
    script = new URL('./start.js', import.meta.url),
  ): Promise<ServerProcess> {
    const child = spawn(process.execPath, [fileURLToPath(script), 'start'], {
      env: { PATH: process.env['PATH'], ...settings(data), ...more },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT)
    try {
      const server = new ServerProcess(child, await listeningUrl(child))
      // Later output must not fill the pipe.
      child.stdout?.resume()
      return server
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends a message to its script; an ended process receives none. */
  send(message: object): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  /** Mebibytes of memory that it uses, on Linux. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
  }

  /** Kills it at once, like a power cut. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it like an operator. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM')
    return this.#child.exitCode
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on http(\S+)/.exec(line)?.[1]
    if (url !== undefined) return `ws${url}`
  }
  throw new Error('the server ended before it listened')
}

function settings(data: string): NodeJS.ProcessEnv {
  return {
    ATRIUM_PORT: '0',
    ATRIUM_DATA: data,
    ATRIUM_DEMO: '0',
    ATRIUM_MODULES: 'board',
    ATRIUM_ACCOUNTS: 'none',
    ATRIUM_SECRET: SECRET,
    ATRIUM_LOG_LEVEL: 'error',
    ATRIUM_ACCOUNT_REQUESTS: '0',
    ATRIUM_SYSTEM_REQUESTS: '0',
    ATRIUM_ACCOUNT_BYTES: '0',
    ATRIUM_SYSTEM_BYTES: '0',
  }
}
