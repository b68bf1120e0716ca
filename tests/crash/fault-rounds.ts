import { expect } from 'expect'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Connection } from '../../client/connection/connection.ts'
import { board } from '../../examples/board/model.ts'
import type { Verification } from '../../pipeline/verify/verify-log.ts'
import { SYSTEM_EMAIL } from '../../server/auth/tokens.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import type { Service } from '../services/service.ts'
import { type Backend, mongoBackend } from './backend.ts'
import { checkStorage } from './check-storage.ts'
import { checkWire } from './check-wire.ts'
import { enter, setUp } from './entering.ts'
import { type FaultKind, randomFault } from './faults.ts'
import { seededRandom } from './random.ts'
import { ServerProcess } from './server-process.ts'
import { isUnavailable, Writer } from './writer.ts'

export interface FaultRoundsOptions {
  service: Service
  rounds: number
  seed: number
  writers: number
  /** The kinds of faults; all by default. */
  kinds?: readonly FaultKind[]
  /** Called after each round. */
  report?: (round: FaultReport) => void
}

export interface FaultReport {
  round: number
  fault: string
  acknowledged: number
  /** Number of times that a writer was told that storage is unavailable. */
  refused: number
}

/** Maximum milliseconds of work before a fault. */
const LONGEST_BEFORE = 400
/** Milliseconds after a fault within which every writer must have a response. */
const RECOVERY = 60_000
/** Milliseconds until a refused request is sent again. */
const PAUSE = 20

/** Seconds in which a server retries: with 0 every fault is reported to the writers. */
const RETRIES = ['1', '0']

/**
 * Two servers, one after the other: each does half of the rounds.
 * @throws AssertionError as {@link livingThrough} does
 */
export async function faultRounds(options: FaultRoundsOptions): Promise<FaultReport[]> {
  const random = seededRandom(options.seed)
  const reports: FaultReport[] = []
  for (const [at, retry] of RETRIES.entries()) {
    const until = Math.ceil((options.rounds * (at + 1)) / RETRIES.length)
    await livingThrough(options, { retry, until, random, reports })
  }
  return reports
}

interface Half {
  retry: string
  until: number
  random: () => number
  reports: FaultReport[]
}

/**
 * One server survives faults between it and its database while clients commit, and loses neither a session nor an
 * acknowledged transaction.
 * @throws AssertionError what was lost, doubled or different, or that the server did not continue
 */
async function livingThrough(options: FaultRoundsOptions, half: Half): Promise<void> {
  const { random, reports } = half
  const data = await mkdtemp(join(tmpdir(), 'atrium-faults-'))
  const proxy = await cuttingProxy(options.service.url)
  const backend = mongoBackend(options.service, proxy.url)
  const server = await ServerProcess.start(data, {
    ...backend.settings,
    ATRIUM_MONGO_RETRY: half.retry,
    ATRIUM_IDLE_TIMEOUT: '0',
    // Each failed transaction of the writers would be a line.
    ATRIUM_LOG_LEVEL: 'silent',
  })
  try {
    for (let round = reports.length + 1; round <= half.until; round++) {
      const fault = randomFault({ proxy, outage: options.service.outage, random, kinds: options.kinds })
      await backend.prepare(`fault-${round}`)
      const run = new FaultRound(server, `fault-${round}`, options.writers, random)
      const report = { round, fault: fault.name, ...(await run.live(fault.happen)) }
      await run.check(backend)
      reports.push(report)
      options.report?.(report)
    }
    // The server ends gracefully.
    expect(await server.stop()).toBe(0)
  } finally {
    await server.kill()
    await proxy.close()
    await rm(data, { recursive: true, force: true })
  }
}

class FaultRound {
  readonly #server: ServerProcess
  readonly #workspace: string
  readonly #writers: Writer[]
  readonly #random: () => number

  constructor(server: ServerProcess, workspace: string, writers: number, random: () => number) {
    this.#server = server
    this.#workspace = workspace
    this.#random = random
    this.#writers = Array.from({ length: writers }, (_, at) => {
      return new Writer(`w${String(at).padStart(3, '0')}`, seededRandom(random() * 2 ** 32))
    })
  }

  async live(happen: () => Promise<void>): Promise<Omit<FaultReport, 'round' | 'fault'>> {
    const first = await persistently(() => setUp(this.#server, this.#workspace))
    const others = this.#writers.slice(1).map(() => this.#enter())
    const connections = [first, ...(await Promise.all(others))]
    const stop = new AbortController()
    const running = this.#writers.map((writer, at) =>
      writer.persist(connections[at] as Connection, stop.signal),
    )
    const work = Promise.all([...running, read(first, stop.signal)])
    const lived = wait(this.#random() * LONGEST_BEFORE)
      .then(happen)
      .then(async () => await this.#progress())
    try {
      await Promise.race([work, lived])
    } finally {
      stop.abort()
    }
    await lived
    await work
    for (const connection of connections) connection.close()
    return {
      acknowledged: this.#writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
      refused: this.#writers.reduce((sum, { refused }) => sum + refused, 0),
    }
  }

  /** Checks over the wire, by the server’s own replay, and in the storage. */
  async check(backend: Backend): Promise<void> {
    const connection = await this.#enter()
    await persistently(() => checkWire(connection, this.#writers))
    connection.close()
    const tool = await this.#enter({ claims: { email: SYSTEM_EMAIL, mode: 'backup' } })
    const { flaws, differences } = await persistently(() => tool.request<Verification>('verify'))
    // Verified.
    expect({ flaws, differences }).toStrictEqual({ flaws: [], differences: [] })
    tool.close()
    await checkStorage(backend, this.#workspace, this.#writers)
    await backend.drop(this.#workspace)
  }

  #enter(options?: Parameters<typeof enter>[2]): Promise<Connection> {
    return persistently(() => enter(this.#server, this.#workspace, options))
  }

  /** Every writer gets another response. */
  async #progress(): Promise<void> {
    const before = this.#writers.map(({ acknowledged }) => acknowledged.size)
    const isStuck = () =>
      this.#writers.some(({ acknowledged }, at) => acknowledged.size <= (before[at] ?? 0) + 1)
    for (let waited = 0; isStuck(); waited += PAUSE) {
      // The server does not go on after a fault.
      expect(waited).toBeLessThan(RECOVERY)
      await wait(PAUSE)
    }
  }
}

/** Repeats while storage is unavailable: a server without retries may notice a fault only after its end. */
async function persistently<T>(action: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += PAUSE) {
    try {
      return await action()
    } catch (error) {
      if (!isUnavailable(error) || waited >= RECOVERY) throw error
    }
    await wait(PAUSE)
  }
}

/** A read returns the right result, or is refused because storage is unavailable. */
async function read(connection: Connection, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      expect((await connection.findAll(board.class.Task, {}, { limit: 50 })).length).toBeGreaterThan(0)
    } catch (error) {
      if (!isUnavailable(error)) throw error
    }
    await wait(PAUSE)
  }
}
