import type { Tx } from '../../model/transactions.ts'
import type { Response } from '../../protocol/messages.ts'
import { type Environment, silentLogger } from '../../client/runtime/environment.ts'
import type { ConnectionState } from '../../client/connection/connection-state.ts'
import { ReconnectingConnection } from '../../client/connection/reconnecting-connection.ts'
import type { ReconnectingOptions } from '../../client/connection/reconnecting-options.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import type { Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { fakeClock, FakeScheduler } from './fake-scheduler.ts'
import { MemoryCore } from './memory-core.ts'
import { type Line, memoryDial } from './memory-network.ts'
import { pushAll } from '../../model/push-all.ts'
import { onTestEnd } from './on-test-end.ts'

/** A client, a server and a connection between them, all in memory; the test controls time. */
export class ConnectionFixture {
  readonly time = new FakeScheduler()
  readonly pushes: { tx: Tx; seq: number | undefined }[] = []
  readonly states: string[] = []
  readonly signals: Response[] = []
  readonly refusals: unknown[] = []
  /** Called with each state, before it is recorded. */
  stateListener: (state: ConnectionState) => void = () => undefined
  reloads = 0
  /** The arguments of `getToken`. */
  readonly asked: { isFresh: boolean }[] = []
  online = true
  /** Milliseconds by which the client’s date is ahead of the server’s. */
  skew = 0
  /** Seconds. */
  tokenLife: number | undefined
  readonly line: Line = { delay: () => 1, fault: () => 'none', isDown: () => false }
  core: MemoryCore
  readonly connection: ReconnectingConnection
  readonly #flags: Flags
  readonly #random: () => number
  readonly #storage: Storage
  #networkListener: (event: 'online' | 'offline' | 'visible') => void = () => undefined

  constructor({
    flags = {},
    email = 'ann',
    random = () => 0.5,
    ...options
  }: Partial<ReconnectingOptions> & { flags?: Flags; email?: string; random?: () => number } = {}) {
    this.#flags = flags
    this.#random = random
    this.#storage = createMemoryStorage()
    this.core = this.#startCore()
    this.connection = new ReconnectingConnection(
      {
        url: 'ws://memory',
        getToken: (asked) => {
          this.asked.push(asked)
          return this.token(email)
        },
        environment: this.environment(),
        sessionId: `session of ${email}`,
        binary: false,
        compression: false,
        broadcast: true,
        dialTimeout: 10_000,
        inactivity: 60_000,
        maxOutstanding: 100,
        ...options,
      },
      {
        pushed: (txes, seq) =>
          pushAll(
            this.pushes,
            txes.map((tx) => ({ tx, seq })),
          ),
        reload: () => (this.reloads += 1),
        resumed: () => undefined,
        refused: (error) => this.refusals.push(error),
        largeMessage: () => undefined,
        stateChanged: (state) => this.#stateChanged(state),
        signalled: (signal) => this.signals.push(signal),
      },
    )
    onTestEnd(async () => {
      this.connection.terminate()
      await this.core.stop()
    })
  }

  token(email: string): string {
    return this.core.tokens.sign({ email, workspace: 'w1' }, this.tokenLife)
  }

  environment(): Environment {
    return {
      dial: memoryDial(() => this.core, this.time, this.line),
      clock: { ...fakeClock(this.time), now: () => this.time.now() + this.skew },
      random: this.#random,
      logger: silentLogger,
      report: (error) => {
        throw error
      },
      network: {
        isOnline: () => this.online,
        subscribe: (listener) => {
          this.#networkListener = listener
          return () => (this.#networkListener = () => undefined)
        },
      },
    }
  }

  /** Advances time until the connection is in the phase. */
  async until(phase: string, most = 120_000): Promise<void> {
    const end = this.time.now() + most
    while (this.connection.state.phase !== phase) {
      if (this.time.now() > end) throw new Error(`still ${this.connection.state.phase}, not ${phase}`)
      await this.time.advance(1)
      await this.core.settle()
    }
  }

  async settled<T>(promise: Promise<T>, most = 120_000, step = 1): Promise<T> {
    const state = { isSettled: false }
    const settle = () => (state.isSettled = true)
    promise.then(settle, settle)
    const end = this.time.now() + most
    while (!state.isSettled) {
      if (this.time.now() > end) throw new Error('not settled')
      await this.time.advance(step)
      await this.core.settle()
    }
    return await promise
  }

  network(event: 'online' | 'offline' | 'visible'): void {
    this.online = event !== 'offline'
    this.#networkListener(event)
  }

  /** The server ends without a message, and another one has its storage. */
  async restartServer(): Promise<void> {
    await this.core.stop()
    this.core = this.#startCore()
  }

  /** Another server, with other settings, over the same storage. */
  restartWith(flags: Flags): void {
    this.core = this.#startCore(flags)
  }

  #startCore(flags = this.#flags): MemoryCore {
    return new MemoryCore(flags, { storage: this.#storage, time: this.time })
  }

  #stateChanged(state: ConnectionState): void {
    this.stateListener(state)
    const { phase, paused } = state
    const name = paused ? `${phase} paused` : phase
    if (this.states.at(-1) !== name) this.states.push(name)
  }
}
