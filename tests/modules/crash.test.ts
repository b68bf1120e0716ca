import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { board } from '../../examples/board/model.ts'
import type { Connection } from '../../client/connection/connection.ts'
import type { Ref } from '../../model/documents.ts'
import { enter, setUp } from '../crash/entering.ts'
import { seededRandom } from '../crash/random.ts'
import { ServerProcess } from '../crash/server-process.ts'
import { createTask } from '../crash/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testSeed } from '../support/property-parameters.ts'

const noting = fileURLToPath(new URL('./noting-module.js', import.meta.url))
const reminding = fileURLToPath(new URL('./reminding-module.js', import.meta.url))
const WORKSPACE = 'crash-modules'

/** Maximum milliseconds that a server of a round runs after its first response. */
const LIFE = 40

class Servers {
  readonly #data: string
  #current: ServerProcess | undefined

  static async make(): Promise<Servers> {
    const servers = new Servers(await mkdtemp(join(tmpdir(), 'atrium-modules-')))
    onTestEnd(async () => {
      await servers.kill()
      await rm(servers.#data, { recursive: true, force: true })
    })
    return servers
  }

  private constructor(data: string) {
    this.#data = data
  }

  async start(more: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    // Servers are killed so often that a transaction may be under way each time.
    const environment = { ATRIUM_MODULES: `board,${noting}`, ATRIUM_TRIGGER_CRASHES: '0', ...more }
    return (this.#current = await ServerProcess.start(this.#data, environment))
  }

  async kill(): Promise<void> {
    await this.#current?.kill()
  }
}

async function noted(connection: Connection): Promise<string[]> {
  const comments = await connection.findAll(board.class.Comment)
  return comments.map((comment) => (comment as unknown as { message: string }).message).toSorted()
}

describe('triggers and kill -9', () => {
  test('MOD-1: after `kill -9` between the response and the asynchronous trigger, its transactions are committed exactly once', async () => {
    const servers = await Servers.make()
    const held = await setUp(await servers.start({ HOLD: '1' }), WORKSPACE)
    await held.tx(createTask('tx-1', 'task-1' as Ref))
    expect(await noted(held)).toStrictEqual([])
    await servers.kill()

    const again = await enter(await servers.start(), WORKSPACE)
    await waitUntil(async () => (await noted(again)).length >= 2, 'what the trigger makes')
    expect(await noted(again)).toStrictEqual(['shared', 'task-1'])
    await servers.kill()

    const last = await enter(await servers.start(), WORKSPACE)
    await last.tx(createTask('tx-2', 'task-2' as Ref))
    await waitUntil(async () => (await noted(last)).includes('task-2'), 'the trigger')
    expect(await noted(last)).toStrictEqual(['shared', 'task-1', 'task-2'])
    last.close()
  })

  test.each([
    [
      'MOD-2: however often a working server is killed, each acknowledged transaction has its effect once',
      noting,
      {},
    ],
    [
      'MOD-47: with several runs at once, each acknowledged transaction has its effect once, however often a working server is killed',
      noting,
      { CONCURRENCY: '8' },
    ],
    [
      'MOD-156: however often a working server is killed, each run of a job that was asked for has its effect once',
      reminding,
      {},
    ],
  ])('%s', async (_title, module, more) => {
    const random = seededRandom(testSeed())
    const servers = await Servers.make()
    const acknowledged = ['shared']
    const modules = { ATRIUM_MODULES: `board,${module}`, ...more }
    for (let round = 0; round < 4; round++) {
      const server = await servers.start(modules)
      const connection = round === 0 ? await setUp(server, WORKSPACE) : await enter(server, WORKSPACE)
      const ids = Array.from({ length: 40 }, (_, at) => `r${round}-${at}`)
      const answers = ids.map(async (id) => {
        await connection.tx(createTask(`tx-${id}`, id as Ref))
        acknowledged.push(id)
      })
      const settled = Promise.allSettled(answers)
      await Promise.race(answers)
      await wait(random() * LIFE)
      await servers.kill()
      await settled
    }
    const connection = await enter(await servers.start(modules), WORKSPACE)
    const tasks = async () =>
      (await connection.findAll(board.class.Task)).map(({ _id }) => String(_id)).toSorted()
    await waitUntil(async () => (await noted(connection)).length >= (await tasks()).length, 'the trigger')
    expect(await noted(connection)).toStrictEqual(await tasks())
    const there = new Set(await tasks())
    expect(acknowledged.filter((id) => !there.has(id))).toStrictEqual([])
    connection.close()
  })
})
