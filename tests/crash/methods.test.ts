import { describe, expect, test } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '../../client/client.ts'
import type { Connection } from '../../client/connection/connection.ts'
import { dialNode } from '../../client/node.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { board } from '../../examples/board/model.ts'
import { systemClock } from '../../model/clock.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import { temporaryFolder } from '../support/executable.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testSeed } from '../support/property-parameters.ts'
import { enter, setUp } from './entering.ts'
import { seededRandom } from './random.ts'
import { SECRET, ServerProcess } from './server-process.ts'
import { EMAIL, SHARED } from './transactions.ts'

const WORKSPACE = 'crash-methods'
const CALLS = fileURLToPath(new URL('./calls-module.js', import.meta.url))
/** Maximum milliseconds that a server of a round runs. */
const LIFE = 60
const tokens = new Tokens(SECRET, systemClock.now)

/** Servers over one folder, one after another, and a client that finds the present one. */
class Servers {
  readonly client: Client
  readonly #data: string
  #current: ServerProcess | undefined

  static async make(): Promise<Servers> {
    return new Servers(await temporaryFolder())
  }

  private constructor(data: string) {
    this.#data = data
    this.client = createClient({
      url: 'ws://127.0.0.1:1',
      getToken: () => tokens.sign({ email: EMAIL, workspace: WORKSPACE }),
      dial: (url, protocols) => {
        const { host } = new URL(this.#current?.url ?? url)
        return dialNode(url.replace(/\/\/[^/]*/, `//${host}`), protocols)
      },
    })
    onTestEnd(async () => {
      this.client.terminate()
      await this.kill()
    })
  }

  async start(more: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    return (this.#current = await ServerProcess.start(this.#data, {
      ATRIUM_MODULES: `board,${CALLS}`,
      ...more,
    }))
  }

  async kill(): Promise<void> {
    await this.#current?.kill()
  }
}

async function titles(connection: Connection): Promise<string[]> {
  const tasks = await connection.findAll(board.class.Task)
  return tasks
    .flatMap((task) => (task._id === SHARED ? [] : [(task as { title?: string }).title ?? '']))
    .toSorted()
}

describe('methods and kill -9', () => {
  test('MOD-62: a call whose server is killed between its commit and its response is uncertain, and has its effect once', async () => {
    const servers = await Servers.make()
    const dying = await servers.start()
    const first = await setUp(dying, WORKSPACE)
    const called = servers.client.call('calls.add', ['x', true]).catch((error: unknown) => error)
    await first.closed
    const again = await enter(await servers.start({ LIVES: '1' }), WORKSPACE)
    const error = await called
    expect(error).toBeInstanceOf(ClientError)
    const { code, status } = error as ClientError
    expect([code, status?.params]).toStrictEqual(['uncertain', { method: 'calls.add', committed: true }])
    expect(await titles(again)).toStrictEqual(['x'])
    again.close()
  })

  test('MOD-62: however often a server is killed, a call has its effect at most once, and once if it returns', async () => {
    const random = seededRandom(testSeed())
    const servers = await Servers.make()
    const outcomes = { returned: [] as string[], uncertain: [] as string[] }
    const calls: Promise<void>[] = []
    for (let round = 0; round < 6; round++) {
      const server = await servers.start({ LIVES: '1' })
      if (round === 0) (await setUp(server, WORKSPACE)).close()
      for (let at = 0; at < 20; at++) calls.push(call(servers.client, `${round}-${at}`, outcomes))
      await Promise.race(calls.slice(-20))
      await wait(random() * LIFE)
      await servers.kill()
    }
    const last = await enter(await servers.start({ LIVES: '1' }), WORKSPACE)
    await Promise.all(calls)
    const there = await titles(last)
    expect(new Set(there).size).toBe(there.length)
    expect(outcomes.returned.filter((title) => !there.includes(title))).toStrictEqual([])
    const known = new Set([...outcomes.returned, ...outcomes.uncertain])
    expect(there.filter((title) => !known.has(title))).toStrictEqual([])
    expect(outcomes.returned.length).toBeGreaterThan(0)
    last.close()
  })
})

async function call(
  client: Client,
  title: string,
  { returned, uncertain }: { returned: string[]; uncertain: string[] },
): Promise<void> {
  try {
    expect(await client.call('calls.add', [title, false])).toStrictEqual({ title })
    returned.push(title)
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'uncertain') throw error
    uncertain.push(title)
  }
}
