import { expect } from 'expect'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Verification } from '../../pipeline/verify/verify-log.ts'
import { project } from '../client/random-changes.ts'
import { embeddedBackend } from '../crash/backend.ts'
import { readStoredLog } from '../crash/check-storage.ts'
import { seededRandom } from '../crash/random.ts'
import { type SmallDisk, smallDisk } from '../crash/small-disk.ts'
import { type CuttingProxy, cuttingProxy } from '../services/cutting-proxy.ts'
import { SYSTEM_EMAIL } from '../../server/auth/tokens.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask } from '../support/transactions.ts'
import { calm, disturb, type Subjects } from './disturbances.ts'
import { OldMember } from './old-member.ts'
import { Outcomes } from './outcomes.ts'
import { OPEN, OWN, SHARED } from './random-work.ts'
import { SdkMember } from './sdk-member.ts'
import { SoakServer, tokenOf } from './soak-server.ts'
import { expectFor } from '../support/expecting.ts'

const SDK_EMAILS = ['ann', 'bob', 'cid', 'dan']
const OLD_EMAILS = ['old1', 'old2']
/** Number of concurrent disturbances. */
const AT_ONCE = 2
const DISK_BYTES = 512 * 1024 * 1024
/** Milliseconds after the last disturbance until everything has to be settled. */
const SETTLING = 60_000

export interface SoakOptions {
  seconds: number
  seed: number
  /** Called at the beginning of each disturbance. */
  report?: (line: string) => void
}

export interface SoakReport {
  /** Outcomes of transactions. */
  outcomes: Record<string, number>
  disturbances: Record<string, number>
  /** Number of times that the machine’s disk was too slow for a client’s store. */
  slowStores: number
  /** Entries of the log at the end. */
  entries: number
}

/**
 * Real clients of the SDK and of protocol 1 work on a real server while it is killed, stopped, upgraded and closed, the
 * network cuts, stalls and slows down, clocks step, members change and the disk is full. Then the result is compared
 * with the log.
 * @throws AssertionError what was lost, doubled, or is displayed wrongly
 */
export async function soak({ seconds, seed, report }: SoakOptions): Promise<SoakReport> {
  const tried = smallDisk(DISK_BYTES)
  const disk = 'missing' in tried ? undefined : tried
  const folder = await mkdtemp(join(tmpdir(), 'atrium-soak-'))
  const data = disk?.folder ?? join(folder, 'data')
  const server = new SoakServer(data)
  let run: SoakRun | undefined
  try {
    await server.start()
    const proxy = await cuttingProxy(server.url.replace('ws:', 'http:'))
    run = new SoakRun({ server, proxy, disk, folder, seed })
    await run.setUp()
    const disturbances = await run.work(seconds * 1000, report)
    await run.settle()
    const entries = await run.check(data)
    const { outcomes, slowStores } = run
    return { outcomes: outcomes.counts, disturbances, slowStores, entries }
  } finally {
    await run?.dispose()
    await server.stop().catch(() => undefined)
    disk?.remove()
    await rm(folder, { recursive: true, force: true })
  }
}

interface SoakParts {
  server: SoakServer
  proxy: CuttingProxy
  disk: SmallDisk | undefined
  /** The folder of the clients’ stores. */
  folder: string
  seed: number
}

class SoakRun {
  readonly outcomes = new Outcomes()
  readonly #random: () => number
  readonly #members: SdkMember[]
  readonly #old: OldMember[]
  readonly #subjects: Subjects

  constructor({ server, proxy, disk, folder, seed }: SoakParts) {
    this.#random = seededRandom(seed)
    const url = `ws://127.0.0.1:${proxy.port}`
    const common = (email: string) => {
      return { url, email, random: seededRandom(this.#random() * 2 ** 32), outcomes: this.outcomes }
    }
    this.#members = SDK_EMAILS.map(
      (email, at) =>
        new SdkMember({ ...common(email), file: join(folder, `${email}.atrium`), binary: at % 2 === 0 }),
    )
    this.#old = OLD_EMAILS.map((email) => new OldMember(common(email)))
    this.#subjects = { server, proxy, disk, members: this.#members, emails: [...SDK_EMAILS, ...OLD_EMAILS] }
  }

  get slowStores(): number {
    return this.#members.reduce((sum, member) => sum + member.slowStores, 0)
  }

  async setUp(): Promise<void> {
    const tool = await RawClient.open(this.#subjects.server.url, tokenOf(SYSTEM_EMAIL))
    const members = SDK_EMAILS.map((email) => `account:${email}`)
    await tool.request('tx', [project(OPEN, undefined)])
    await tool.request('tx', [project(OWN, members)])
    const shared = createTask(
      SHARED,
      { title: 'Shared', votes: 0 },
      { by: 'core:account:System', space: OPEN },
    )
    await tool.request('tx', [shared])
    await tool.close()
    for (const member of this.#members) member.start()
  }

  /** @returns the number of disturbances by name */
  async work(milliseconds: number, report: SoakOptions['report']): Promise<Record<string, number>> {
    const stop = new AbortController()
    const counts = new Map<string, number>()
    const since = performance.now()
    const happened = (name: string) => {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      report?.(`${((performance.now() - since) / 1000).toFixed(1)} s: ${name}`)
    }
    const running = [...this.#members, ...this.#old].map((member) => member.work(stop.signal))
    const disturbing = Array.from({ length: AT_ONCE }, () =>
      disturb(this.#subjects, {
        random: seededRandom(this.#random() * 2 ** 32),
        signal: stop.signal,
        happened,
      }),
    )
    // An error ends the run at once.
    await Promise.race([wait(milliseconds, undefined, { ref: false }), ...running, ...disturbing])
    stop.abort()
    await Promise.all(disturbing)
    calm(this.#subjects)
    await Promise.all(running)
    return Object.fromEntries(counts)
  }

  /** Everything sent is answered, and all clients show the same. */
  async settle(): Promise<void> {
    const until = performance.now() + SETTLING
    const isLate = () => performance.now() > until
    while (!(await this.#isAnswered())) {
      expectFor(`never answered: ${this.outcomes.pending.slice(0, 5).join(', ')}`, isLate()).toBe(false)
      await wait(100)
    }
    for (const old of this.#old) await old.connect()
    for (;;) {
      const differences = (await Promise.all(this.#members.map((member) => member.differences()))).flat()
      if (differences.length === 0) break
      expectFor(differences.join('\n'), isLate()).toBe(false)
      await wait(200)
    }
    await this.#checkPushes(isLate)
  }

  /** @returns the number of entries in the log */
  async check(data: string): Promise<number> {
    const { server } = this.#subjects
    expect([
      ...this.#members.flatMap(({ noted }) => noted),
      ...this.#old.flatMap(({ flaws }) => flaws),
    ]).toStrictEqual([])
    const tool = await RawClient.open(server.url, tokenOf(SYSTEM_EMAIL, { mode: 'backup' }))
    const { flaws, differences } = (await tool.request('verify')) as Verification
    expect({ flaws, differences }).toStrictEqual({ flaws: [], differences: [] })
    await tool.close()
    await this.#end()
    await server.stop()
    const entries = await readStoredLog(embeddedBackend(data), 'soak')
    this.outcomes.check(entries.map(({ tx }) => tx._id))
    return entries.length
  }

  async dispose(): Promise<void> {
    calm(this.#subjects)
    await this.#end()
    await Promise.all(this.#members.map((member) => member.dispose()))
    await this.#subjects.proxy.close()
  }

  async #isAnswered(): Promise<boolean> {
    const settled = await Promise.all(this.#members.map((member) => member.settled()))
    return settled.every(Boolean) && this.outcomes.pending.length === 0
  }

  /** A new commit is pushed to clients of protocol 1. */
  async #checkPushes(isLate: () => boolean): Promise<void> {
    const tool = await RawClient.open(this.#subjects.server.url, tokenOf(SYSTEM_EMAIL))
    const options = { by: 'core:account:System', space: OPEN, _id: 'last-of-all' }
    await tool.request('tx', [createTask('last', { title: 'Last' }, options)])
    await tool.close()
    while (!this.#old.every((old) => old.hasSeen('last-of-all'))) {
      // A client of protocol 1 does not receive a push of a commit.
      expect(isLate()).toBe(false)
      await wait(50)
    }
  }

  async #end(): Promise<void> {
    for (const old of this.#old) old.end()
    await Promise.all(this.#members.map((member) => member.end()))
  }
}
