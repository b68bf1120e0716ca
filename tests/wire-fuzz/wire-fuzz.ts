import { WebSocket } from 'ws'
import { systemClock } from '../../model/clock.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import { seededRandom } from '../crash/random.ts'
import { SECRET, ServerProcess } from '../crash/server-process.ts'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { TEST_SPACES } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { decodedFrame } from './decoded-frame.ts'
import { fuzzMessage } from './messages.ts'
import { fuzzHttp, fuzzSocket, type FuzzTarget } from './raw-connections.ts'

export interface WireFuzzOptions {
  data: string
  frames: number
  seed: number
  /** Called after each round. */
  progress?: (sent: number) => void
}

export interface WireFuzzSummary {
  sent: number
  /** Frames that the server sent in response, and how many of them are errors. */
  responses: number
  errors: number
  /** Connections that the server or the fuzz ended. */
  connections: number
  /** Mebibytes of the server's memory after the first tenth, and at the end. */
  memory: { early: number; late: number }
}

/** Rounds at once. */
const LANES = 4
/** Messages of a round: so many of a lane are on their way at most. */
const ROUND = 500
/** WebSocket frames of a round that may be invalid; each round has two HTTP requests too. */
const RAW_FRAMES = 5
/** Messages on one connection before another one takes its place. */
const ON_ONE = 5000

/** Codes that tell that the server did not expect what it got. */
const unexpected = new Set(['platform:status:InternalServerError', 'platform:status:UnknownError'])
const stackTrace = /\n\s+at |node_modules|\.ts:\d+|\.js:\d+/

/**
 * Sends generated and mutated messages, WebSocket frames and HTTP requests to a real server.
 * @throws Error when the server ends, responds without a code or with a stack trace, or does not serve another session
 */
export async function wireFuzz({ data, frames, seed, progress }: WireFuzzOptions): Promise<WireFuzzSummary> {
  const server = await ServerProcess.start(data, {
    ATRIUM_LOG_LEVEL: 'silent',
    ATRIUM_IDLE_TIMEOUT: '600',
    ATRIUM_MODULES: `board,${TEST_SPACES}`,
  })
  const tokens = new Tokens(SECRET, systemClock.now)
  const token = (email: string, workspace: string) => tokens.sign({ email, workspace })
  const { hostname, port } = new URL(server.url)
  const target: FuzzTarget = { host: hostname, port: Number(port), token: token('fuzz', 'fuzzed') }
  const summary = { sent: 0, responses: 0, errors: 0, connections: 0, memory: { early: 0, late: 0 } }
  const witness = await RawClient.open(server.url, token('ann', 'calm'))
  try {
    let witnessed = 0
    const lanes = Array.from({ length: LANES }, (_, at) => new Lane(target, server.url, seed + at, summary))
    const run = async (lane: Lane): Promise<void> => {
      while (summary.sent < frames) {
        await lane.round()
        await witness.request('ping')
        await witness.request('tx', [createTask(`w${++witnessed}`, { title: 'witness' })])
        witness.frames.length = 0
        if (summary.sent < frames / 10) summary.memory.early = server.memory
        progress?.(summary.sent)
      }
      lane.close()
    }
    await Promise.all(lanes.map(run))
    summary.memory.late = server.memory
    if (witness.closed !== undefined) throw new Error(`another session was closed: ${witness.closed.reason}`)
    return summary
  } finally {
    witness.socket.terminate()
    await server.kill()
  }
}

/** Rounds one after another, each with connections of its own, by a sequence of its own. */
class Lane {
  readonly #target: FuzzTarget
  readonly #summary: WireFuzzSummary
  readonly #random: () => number
  /** Raw connections run beside the messages, so they have a sequence of their own. */
  readonly #rawRandom: () => number
  readonly #fuzz: FuzzConnection

  constructor(target: FuzzTarget, url: string, seed: number, summary: WireFuzzSummary) {
    this.#target = target
    this.#summary = summary
    this.#random = seededRandom(seed)
    this.#rawRandom = seededRandom(seed ^ 0x55_55_55)
    this.#fuzz = new FuzzConnection(`${url}/${target.token}`, summary)
  }

  async round(): Promise<void> {
    const [, ...raw] = await Promise.all([
      this.#fuzz.round(this.#random),
      fuzzSocket(this.#rawRandom, this.#target, RAW_FRAMES),
      fuzzHttp(this.#rawRandom, this.#target),
      fuzzHttp(this.#rawRandom, this.#target),
    ])
    this.#summary.sent += ROUND + RAW_FRAMES + 2
    for (const text of raw) if (stackTrace.test(text)) throw new Error(`a stack trace: ${text}`)
    for (const text of raw) if (/^HTTP\/1.1 500/.test(text)) throw new Error(`not expected: ${text}`)
  }

  close(): void {
    this.#fuzz.close()
  }
}

/** A connection that takes the place of each one that has ended. */
class FuzzConnection {
  readonly #address: string
  readonly #summary: WireFuzzSummary
  #socket: WebSocket | undefined
  #sentOnThis = 0
  #lastId = 0
  #failure: Error | undefined

  constructor(address: string, summary: WireFuzzSummary) {
    this.#address = address
    this.#summary = summary
  }

  /** Sends messages, and waits until the server has handled them. */
  async round(random: () => number): Promise<void> {
    for (let at = 0; at < ROUND; at++) {
      const socket = await this.#open()
      const { data, isBinary } = fuzzMessage(random, ++this.#lastId)
      socket.send(data, { binary: isBinary })
      this.#sentOnThis += 1
    }
    await this.#handled()
    if (this.#sentOnThis >= ON_ONE) this.close()
    if (this.#failure !== undefined) throw this.#failure
  }

  close(): void {
    this.#socket?.terminate()
    this.#socket = undefined
  }

  async #open(): Promise<WebSocket> {
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket
    const socket = new WebSocket(this.#address)
    this.#socket = socket
    this.#sentOnThis = 0
    this.#summary.connections += 1
    socket.on('message', (data: Buffer, isBinary) => this.#received(decodedFrame(data, isBinary), data))
    socket.on('error', () => undefined)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('close', () => reject(new Error('the server accepts no connection')))
    })
    return socket
  }

  /** Requests of a session are responded to in any order, but `hello` and the text `ping` at once: so both are awaited. */
  async #handled(): Promise<void> {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    const id = `end-${++this.#lastId}`
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('message', seen)
        socket.off('close', done)
        resolve()
      }
      const seen = (data: Buffer): void => {
        if (data.includes(id)) done()
      }
      socket.on('message', seen)
      socket.once('close', done)
      socket.send(JSON.stringify({ id, method: 'ping', params: [] }))
    })
  }

  #received(frame: Frame, data: Buffer): void {
    this.#summary.responses += 1
    const { error } = frame
    if (error === undefined) return
    this.#summary.errors += 1
    if (typeof error.code !== 'string' || !error.code.includes(':status:'))
      this.#fail('an error without a code', data)
    if (unexpected.has(error.code)) this.#fail('the server did not expect this', data)
    if (stackTrace.test(JSON.stringify(error))) this.#fail('a stack trace', data)
  }

  #fail(what: string, data: Buffer): void {
    this.#failure ??= new Error(`${what}: ${data.toString('utf8').slice(0, 500)}`)
  }
}
