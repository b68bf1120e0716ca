import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Connection } from '../../client/connection.ts'
import { connect } from '../../client/node.ts'
import { Tokens } from '../../server/tokens.ts'
import { checkFile } from './check-file.ts'
import { checkWire } from './check-wire.ts'
import { seededRandom } from './random.ts'
import { SECRET, ServerProcess } from './server-process.ts'
import { createProject, createTask, EMAIL, SHARED } from './transactions.ts'
import { Writer } from './writer.ts'

export interface RoundsOptions {
  rounds: number
  seed: number
  writers: number
  /** Called after each round. */
  report?: (round: RoundReport) => void
}

export interface RoundReport {
  round: number
  /** Milliseconds from the first write to the kill. */
  lived: number
  acknowledged: number
  /** Sent, and not answered when the server was killed. */
  unanswered: number
  /** Of these, committed all the same. */
  survived: number
}

/** Bounds of the moment at which the server is killed, in milliseconds after the first write. */
const SOONEST = 5
const LATEST = 250

const tokens = new Tokens(SECRET, Date.now)

/**
 * Kills a server while clients commit, starts it again on the same folder and checks what is there: over the
 * wire at once, and in the workspace's file when that server has been killed in its turn.
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
  readonly #options: RoundsOptions
  readonly #random: () => number

  constructor(data: string, options: RoundsOptions) {
    this.#data = data
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async all(): Promise<RoundReport[]> {
    const reports: RoundReport[] = []
    let previous: Written | undefined
    let server = await this.#start()
    for (let round = 1; round <= this.#options.rounds; round++) {
      const lived = SOONEST + this.#random() * (LATEST - SOONEST)
      const written = await this.#writeUntilKilled(server, round, lived)
      const [restarted] = await Promise.all([this.#start(), this.#checkFile(previous)])
      server = restarted
      const report = await this.#checkRound(server, written)
      reports.push({ round, lived: Math.round(lived), ...report })
      this.#options.report?.({ round, lived: Math.round(lived), ...report })
      previous = written
    }
    await server.stop()
    await this.#checkFile(previous)
    return reports
  }

  async #start(): Promise<ServerProcess> {
    return (this.server = await ServerProcess.start(this.#data))
  }

  async #writeUntilKilled(server: ServerProcess, round: number, lived: number): Promise<Written> {
    const workspace = `crash-${round}`
    const setUp = await open(server, workspace)
    await setUp.tx(createProject('set-up-1'))
    await setUp.tx(createTask('set-up-2', SHARED))
    const numbers = Array.from({ length: this.#options.writers }, (_, at) => String(at).padStart(3, '0'))
    const connections = await Promise.all(numbers.map((at) => open(server, workspace, Number(at) % 2 === 0)))
    const writers = numbers.map((at) => new Writer(`w${at}`, seededRandom(this.#random() * 2 ** 32)))
    const running = Promise.all(writers.map((writer, at) => writer.run(connections[at] as Connection)))
    await Promise.all([running, wait(lived).then(() => server.kill())])
    return { workspace, writers }
  }

  async #checkRound(server: ServerProcess, { workspace, writers }: Written) {
    const connection = await open(server, workspace)
    try {
      const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0)
      return { acknowledged, ...(await checkWire(connection, writers)) }
    } finally {
      connection.close()
    }
  }

  async #checkFile(written: Written | undefined): Promise<void> {
    if (written !== undefined) await checkFile(this.#data, written.workspace, written.writers)
  }
}

async function open({ url }: ServerProcess, workspace: string, binary = false): Promise<Connection> {
  return await connect({ url, token: tokens.sign({ email: EMAIL, workspace }), binary })
}
