import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const SECRET = 'the secret of servers that tests kill'

/** Milliseconds a server has to say where it listens. */
const START_TIMEOUT = 30_000

/** A real server in a process of its own, which can be killed. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** @param script what the process runs: the command line */
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
      // What it prints later must not fill the pipe.
      child.stdout?.resume()
      return server
    } finally {
      clearTimeout(timer)
    }
  }

  /** Tells its script something; a process that is gone hears nothing. */
  send(message: object): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  /** Ends it at once, as a power cut to the process would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it as an operator would. */
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
  }
}
