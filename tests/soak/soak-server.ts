import { setTimeout as wait } from 'node:timers/promises'
import { type TokenClaims, Tokens } from '../../server/auth/tokens.ts'
import { systemClock } from '../../model/clock.ts'
import { SECRET, ServerProcess } from '../crash/server-process.ts'

const tokens = new Tokens(SECRET, systemClock.now)
const WORKSPACE = 'soak'

export function tokenOf(email: string, claims: Partial<TokenClaims> = {}): string {
  return tokens.sign({ email, workspace: WORKSPACE, ...claims })
}

/** One server after another, on one data folder and one port. */
export class SoakServer {
  readonly #data: string
  #port = '0'
  #process: ServerProcess | undefined
  /** Starts and ends do not overlap. */
  #last: Promise<void> = Promise.resolve()
  #ahead = 0

  constructor(data: string) {
    this.#data = data
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    await this.#alone(() => this.#start())
  }

  /** Ends it like a power cut or like an operator, and starts another one a moment later. */
  async restart(how: 'kill' | 'stop', pause: number): Promise<void> {
    await this.#alone(async () => {
      if (how === 'kill') await this.#process?.kill()
      else await this.#stop()
      await wait(pause)
      await this.#start()
    })
  }

  async stop(): Promise<void> {
    await this.#alone(() => this.#stop())
  }

  /** @param ahead milliseconds the wall clock of the server is ahead of the machine's from now on */
  stepClock(ahead: number): void {
    this.#ahead = ahead
    this.#process?.send({ clock: ahead })
  }

  /** As an administrator. @param operation with its parameters */
  async manage(operation: string): Promise<void> {
    const url = `${this.url.replace('ws', 'http')}/api/v1/manage?operation=${operation}`
    const authorization = `Bearer ${tokenOf('root', { admin: 'true' })}`
    // The server may be unavailable at this moment.
    await fetch(url, { method: 'PUT', headers: { authorization } }).catch(() => undefined)
  }

  async #start(): Promise<void> {
    this.#process = await ServerProcess.start(
      this.#data,
      {
        ATRIUM_PORT: this.#port,
        ATRIUM_LOG_LEVEL: 'silent',
        ATRIUM_IDLE_TIMEOUT: '1',
        ATRIUM_ACCOUNT_REQUESTS: '0',
        ATRIUM_SYSTEM_REQUESTS: '0',
      },
      new URL('../soak/start-with-clock.js', import.meta.url),
    )
    this.#port = new URL(this.#process.url.replace('ws', 'http')).port
    this.#process.send({ clock: this.#ahead })
  }

  async #stop(): Promise<void> {
    const code = await this.#process?.stop()
    if (code !== 0) throw new Error(`the server ended with ${code} when it was told to stop`)
  }

  async #alone(action: () => Promise<void>): Promise<void> {
    const run = this.#last.then(action)
    this.#last = run.catch(() => undefined)
    await run
  }
}
