import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Connection } from '../../client/connection/connection.ts'
import type { Outage } from '../services/service.ts'
import type { Backend } from './backend.ts'
import { checkStorage } from './check-storage.ts'
import { checkWire } from './check-wire.ts'
import { seededRandom } from './random.ts'
import { enter, setUp } from './entering.ts'
import { ServerProcess } from './server-process.ts'
import { waitUntil } from '../support/wait-until.ts'
import { Writer } from './writer.ts'

export interface RoundsOptions {
  /** The size of a data folder. */
  backend: (data: string) => Backend
  rounds: number
  seed: number
  writers: number
  /** The database is ended with the server, and started again before it. */
  outage?: Outage | undefined
  /** Called after each round. */
  report?: (round: RoundReport) => void
}

export interface RoundReport {
  round: number
  /** Milliseconds from the first write to the kill. */
  lived: number
  acknowledged: number
  /** Sent, and not answered before the kill. */
  unanswered: number
  /** Number of these that were committed. */
  survived: number
}

/** Minimum milliseconds from the first write until the server is killed. */
const SOONEST = 5

/**
 * Kills a server while clients commit, starts it again on the same storage and checks the result: over the wire at
 * once, and in the storage itself after the next kill.
 * @throws AssertionError what was lost, doubled or different
 */
export async function crashRounds(options: RoundsOptions): Promise<RoundReport[]> {
  const data = await mkdtemp(join(tmpdir(), 'atrium-crash-'))
  const run = new CrashRun(data, options)
  try {
    return await run.all()
  } finally {
    await run.server?.kill()
    await rm(data, { recursive: true, force: true })
  }
}

interface Written {
  workspace: string
  writers: Writer[]
}

class CrashRun {
  server: ServerProcess | undefined
  readonly #data: string
  readonly #backend: Backend
  readonly #options: RoundsOptions
  readonly #random: () => number

  constructor(data: string, options: RoundsOptions) {
    this.#data = data
    this.#backend = options.backend(data)
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async all(): Promise<RoundReport[]> {
    const reports: RoundReport[] = []
    let previous: Written | undefined
    let server = await this.#start()
    for (let round = 1; round <= this.#options.rounds; round++) {
      const lived = SOONEST + this.#random() * (this.#backend.longestLife - SOONEST)
      const written = await this.#writeUntilKilled(server, round, lived)
      const [restarted] = await Promise.all([this.#start(), this.#checkStorage(previous)])
      server = restarted
      const report = await this.#checkRound(server, written)
      reports.push({ round, lived: Math.round(lived), ...report })
      this.#options.report?.({ round, lived: Math.round(lived), ...report })
      previous = written
    }
    await server.stop()
    await this.#checkStorage(previous)
    return reports
  }

  async #start(): Promise<ServerProcess> {
    return (this.server = await ServerProcess.start(this.#data, this.#backend.settings))
  }

  async #writeUntilKilled(server: ServerProcess, round: number, lived: number): Promise<Written> {
    const workspace = `crash-${round}`
    await this.#backend.prepare(workspace)
    await setUp(server, workspace)
    const numbers = Array.from({ length: this.#options.writers }, (_, at) => String(at).padStart(3, '0'))
    const connections = await Promise.all(
      numbers.map((at) => enter(server, workspace, { binary: Number(at) % 2 === 0 })),
    )
    const writers = numbers.map((at) => new Writer(`w${at}`, seededRandom(this.#random() * 2 ** 32)))
    const running = Promise.all(writers.map((writer, at) => writer.run(connections[at] as Connection)))
    const { outage } = this.#options
    const end = async () => {
      await wait(lived)
      // In every other round a transaction was acknowledged before, however slow the machine is.
      if (round % 2 === 0)
        await waitUntil(() => writers.some(({ acknowledged }) => acknowledged.size > 0), 'an answer', 20_000)
      await Promise.all([server.kill(), outage?.begin()])
    }
    await Promise.all([running, end()])
    await outage?.end()
    return { workspace, writers }
  }

  async #checkRound(server: ServerProcess, { workspace, writers }: Written) {
    const connection = await enter(server, workspace)
    try {
      const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0)
      return { acknowledged, ...(await checkWire(connection, writers)) }
    } finally {
      connection.close()
    }
  }

  async #checkStorage(written: Written | undefined): Promise<void> {
    if (written === undefined) return
    await checkStorage(this.#backend, written.workspace, written.writers)
    await this.#backend.drop(written.workspace)
  }
}
