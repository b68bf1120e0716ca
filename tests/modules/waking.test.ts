import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ref } from '../../model/documents.ts'
import { WakeUps } from '../../server/workspaces/wake-ups.ts'
import { TimerWheel } from '../../server/time/timer-wheel.ts'
import { enter, setUp } from '../crash/entering.ts'
import { ServerProcess } from '../crash/server-process.ts'
import { createTask } from '../crash/transactions.ts'
import { FakeScheduler } from '../support/fake-scheduler.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { TestLog } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { OutsideService } from './outside-service.ts'

const calling = fileURLToPath(new URL('./calling-module.js', import.meta.url))

class Servers {
  readonly #data: string
  readonly #service: OutsideService
  #current: ServerProcess | undefined

  private constructor(data: string, service: OutsideService) {
    this.#data = data
    this.#service = service
  }

  static async make(service: OutsideService): Promise<Servers> {
    const servers = new Servers(await mkdtemp(join(tmpdir(), 'atrium-waking-')), service)
    onTestEnd(async () => {
      await servers.#current?.kill()
      await rm(servers.#data, { recursive: true, force: true })
    })
    return servers
  }

  async start(more: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    const environment = { ATRIUM_MODULES: `board,${calling}`, SERVICE_URL: this.#service.url, ...more }
    return (this.#current = await ServerProcess.start(this.#data, environment))
  }
}

const health = async ({ url }: ServerProcess) =>
  await (await fetch(`${url.replace('ws', 'http')}/metrics`)).text()
const openWorkspaces = async (server: ServerProcess) =>
  [...(await health(server)).matchAll(/^atrium_workspaces\{state="(?:open|opening)"\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )

describe('workspaces with work and without clients', () => {
  test('MOD-140: after `kill -9` the next start opens each workspace that was open, does the work that waits, and lets it sleep', async () => {
    const service = await OutsideService.start()
    service.isHolding = true
    const servers = await Servers.make(service)
    const first = await servers.start()
    for (const workspace of ['a', 'b', 'c']) {
      const connection = await setUp(first, workspace)
      await connection.tx(createTask(`tx-${workspace}`, `task-${workspace}` as Ref))
    }
    await first.kill()
    service.calls.length = 0
    service.release()

    const second = await servers.start({ ATRIUM_IDLE_TIMEOUT: '600' })
    const told = (id: string) => service.calls.filter((call) => call.includes(`"${id}"`)).length
    await waitUntil(
      () => ['task-a', 'task-b', 'task-c'].every((id) => told(id) > 0),
      'the calls of the triggers',
    )
    await waitUntil(async () => (await openWorkspaces(second)) === 0, 'the sleep of the workspaces')
    expect(await second.stop()).toBe(0)

    // They were closed without work, so this start opens none of them.
    service.calls.length = 0
    const third = await servers.start()
    expect(await openWorkspaces(third)).toBe(0)
    expect(service.calls).toStrictEqual([])
  })

  test('MOD-141: a workspace without clients stays open until its triggers are done, and a stop leaves the rest to the next start', async () => {
    const service = await OutsideService.start()
    service.isHolding = true
    const servers = await Servers.make(service)
    const server = await servers.start({ ATRIUM_IDLE_TIMEOUT: '0' })
    const connection = await setUp(server, 'w')
    await connection.tx(createTask('tx-1', 'task-1' as Ref))
    connection.close()
    await waitUntil(() => service.calls.length === 1, 'the first call')
    expect(await openWorkspaces(server)).toBe(1)
    service.release()
    await waitUntil(async () => (await openWorkspaces(server)) === 0, 'the sleep of the workspace')
    expect(service.calls.map((call) => call.includes('task-1'))).toContain(true)

    service.isHolding = true
    const again = await enter(server, 'w')
    await again.tx(createTask('tx-2', 'task-2' as Ref))
    await waitUntil(
      () => service.calls.some((call) => call.includes('task-2')),
      'the call for the second task',
    )
    expect(await server.stop()).toBe(0)
    service.calls.length = 0
    service.release()
    await servers.start()
    await waitUntil(() => service.calls.some((call) => call.includes('task-2')), 'the call after the start')
  })
})

/** The list in memory, with wake-ups over it whose openings tests decide. */
function wakeUps(
  open: (workspace: string) => Promise<void>,
  stored: readonly (readonly [string, number])[] = [],
) {
  const time = new FakeScheduler()
  const list = new Map(stored.map(([workspace, after]) => [workspace, time.now() + after]))
  const log = new TestLog()
  const store = {
    read: async () => await Promise.resolve(new Map(list)),
    set: async (workspace: string, at: number) => void (await Promise.resolve(list.set(workspace, at))),
    remove: async (workspace: string) => void (await Promise.resolve(list.delete(workspace))),
    close: async () => await Promise.resolve(),
  }
  const wakes = new WakeUps({ store, wheel: new TimerWheel(time), now: time.now, logger: log, open })
  return { time, list, log, store, wakes }
}

describe('the list of wake-ups', () => {
  test('MOD-142: a workspace is opened when its time has come, also months later and after the date was set', async () => {
    const opened: string[] = []
    const month = 30 * 24 * 3_600_000
    const { time, wakes } = wakeUps(
      async (workspace) => void (await Promise.resolve(opened.push(workspace))),
      [
        ['soon', 5000],
        ['later', 3 * month],
      ],
    )
    await wakes.start()
    await time.advance(4000)
    expect(opened).toStrictEqual([])
    await time.advance(2000)
    expect(opened).toStrictEqual(['soon'])
    time.setDate(month)
    await time.advance(2 * month - 7000)
    expect(opened).toStrictEqual(['soon'])
    await time.advance(3_600_000)
    expect(opened).toStrictEqual(['soon', 'later'])
  })

  test('MOD-143: workspaces with work are opened a few at a time, and one that does not open is tried again ever later', async () => {
    let running = 0
    let most = 0
    const tries: string[] = []
    const open = async (workspace: string): Promise<void> => {
      tries.push(workspace)
      running += 1
      most = Math.max(most, running)
      await new Promise(setImmediate)
      running -= 1
      if (workspace === 'w0') throw new Error('damaged')
    }
    const stored = Array.from({ length: 1000 }, (_, at) => [`w${at}`, 0] as const)
    const { time, log, wakes } = wakeUps(open, stored)
    await wakes.start()
    await waitUntil(() => tries.length === 1000 && running === 0, 'the openings')
    expect([most, new Set(tries).size]).toStrictEqual([4, 1000])
    const failures = () => log.lines.filter(({ message }) => message.includes('did not open')).length
    expect(failures()).toBe(1)
    for (const [minutes, expected] of [
      [1.1, 2],
      [1, 2],
      [1.1, 3],
      [60, 7],
      [61, 8],
      [61, 9],
    ] as const) {
      await time.advance(minutes * 60_000)
      await waitUntil(() => running === 0, 'the openings')
      expect(failures()).toBe(expected)
    }
  })

  test('MOD-144: a list that cannot be written keeps no workspace closed, and one that cannot be read is read again', async () => {
    const opened: string[] = []
    const { time, log, store, wakes } = wakeUps(
      async (workspace) => void (await Promise.resolve(opened.push(workspace))),
      [['w', 0]],
    )
    const { read } = store
    const fails = async () => await Promise.reject(new Error('the disk is full'))
    Object.assign(store, { read: fails, set: fails, remove: fails })
    await wakes.start()
    await wakes.awake('v')
    await wakes.asleep('v', undefined)
    expect(log.lines.map(({ level }) => level)).toStrictEqual(['error', 'warn', 'warn'])
    Object.assign(store, { read })
    await time.advance(61_000)
    expect(opened).toStrictEqual(['w'])
  })
})
