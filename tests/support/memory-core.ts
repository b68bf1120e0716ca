import { setImmediate as tick } from 'node:timers/promises'
import { boardModel } from '../../examples/board/model.ts'
import type { Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { type AccountsClient, trustingAccounts } from '../../server/accounts/accounts-client.ts'
import { type Flags, resolveConfiguration } from '../../server/configuration/configuration.ts'
import { Core } from '../../server/core.ts'
import { Metrics } from '../../server/observability/metrics.ts'
import { modelOf } from '../../server/modules/load-modules.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import type { Frame } from '../../server/wire/frame.ts'
import type { Socket, SocketHandlers } from '../../server/wire/socket.ts'
import { FakeScheduler } from './fake-scheduler.ts'
import type { Frame as ReceivedFrame } from './raw-client.ts'
import { NO_RATES, TEST_SECRET, TestLog } from './test-server.ts'
import testSpaces from './test-spaces.ts'

const base = modelOf([{ model: boardModel }, testSpaces])

/** The server without sockets: connections are objects, and the test controls time. */
export class MemoryCore {
  readonly time: FakeScheduler
  readonly log = new TestLog()
  readonly tokens: Tokens
  readonly core: Core
  readonly #metrics = new Metrics()

  constructor(
    flags: Flags = {},
    parts: { storage?: Storage; accounts?: AccountsClient; time?: FakeScheduler } = {},
  ) {
    this.time = parts.time ?? new FakeScheduler()
    this.tokens = new Tokens(TEST_SECRET, this.time.now)
    const defaults: Flags = {
      storage: 'memory',
      accounts: 'none',
      demo: '0',
      secret: TEST_SECRET,
      ...NO_RATES,
    }
    this.core = new Core({
      configuration: resolveConfiguration({}, { ...defaults, ...flags }),
      base,
      storage: parts.storage ?? createMemoryStorage(),
      tokens: this.tokens,
      accounts: parts.accounts ?? trustingAccounts,
      scheduler: this.time,
      logger: this.log,
      metrics: this.#metrics,
    })
  }

  connect(
    claims: { email: string; workspace: string; model?: 'upgrade'; mode?: 'backup' },
    sessionId?: string,
  ): MemoryClient {
    return new MemoryClient(this, this.tokens.sign(claims), sessionId)
  }

  /** Everything that can happen without elapsing time has happened. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 12; quiet++) {
      await tick()
      if (this.core.inspect().waiting > 0) quiet = 0
    }
  }

  async stop(): Promise<void> {
    await this.core.stop()
    this.#metrics.stop()
  }
}

/** A client whose socket is an object. */
export class MemoryClient implements Socket {
  readonly frames: ReceivedFrame[] = []
  /** The written buffers themselves. */
  readonly written: Frame[] = []
  closed: { code: number; reason: string } | undefined
  readonly unfinished = 0
  buffered = 0
  readonly #handlers: SocketHandlers
  #lastId = 0

  constructor({ core }: MemoryCore, token: string, sessionId: string | undefined) {
    const early: (() => void)[] = []
    this.closeLater = (code, reason) => early.push(() => this.#end(code, reason))
    this.#handlers = core.sessions.accept({ verdict: core.sessions.verify(token), sessionId, socket: this })
    this.closeLater = (code, reason) => setImmediate(() => this.#end(code, reason))
    for (const end of early) setImmediate(end)
  }

  closeLater: (code: number, reason: string) => void

  send(frame: object): void {
    if (this.closed === undefined) this.#handlers.message(Buffer.from(JSON.stringify(frame)), false)
  }

  request(method: string, params: unknown[] = []): number {
    this.#lastId += 1
    this.send({ id: this.#lastId, method, params })
    return this.#lastId
  }

  answer(id: number): ReceivedFrame | undefined {
    return this.frames.find((frame) => frame.id === id)
  }

  /** The client disconnects without a close frame. */
  drop(): void {
    this.#end(1006, '')
  }

  write(frames: readonly Frame[]): void {
    if (this.closed !== undefined) return
    for (const frame of frames) {
      this.written.push(frame)
      this.frames.push(JSON.parse(payloadOf(frame)) as ReceivedFrame)
    }
  }

  /** The socket has sent its buffered bytes. */
  drain(): void {
    this.buffered = 0
    if (this.closed !== undefined) return
    this.#handlers.taken()
    this.#handlers.drain()
  }

  pause(): void {}

  resume(): void {}

  ping(): void {
    if (this.closed === undefined) setImmediate(() => this.#handlers.pong())
  }

  close(code: number, reason: string): void {
    this.closeLater(code, reason)
  }

  terminate(): void {
    this.closeLater(1006, '')
  }

  #end(code: number, reason: string): void {
    if (this.closed !== undefined) return
    this.closed = { code, reason }
    this.#handlers.closed(code)
  }
}

function payloadOf(frame: Frame): string {
  const short = (frame[1] ?? 0) & 0x7f
  return frame.subarray(short === 127 ? 10 : short === 126 ? 4 : 2).toString()
}
