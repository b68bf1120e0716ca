import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { board, type Task } from '../../examples/board/model.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { systemClock } from '../../model/clock.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import { SECRET, ServerProcess } from '../crash/server-process.ts'
import { gate } from '../support/gate.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient } from '../support/raw-client.ts'
import { ann, testPipeline } from '../support/test-pipeline.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { applyIf, createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { beforeEachTask } from './migrating-module.ts'

const MIGRATING = fileURLToPath(new URL('migrating-module.js', import.meta.url))
const tasks = ['a', 'b', 'c', 'd', 'e']

/** A data folder with a workspace of tasks. */
async function filled(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'atrium-migrating-'))
  onTestEnd(async () => await rm(data, { recursive: true, force: true }))
  const storage = createSqliteStorage({ directory: join(data, 'workspaces') })
  const { pipeline } = await testPipeline({ storage })
  await pipeline.tx(ann, applyIf({ txes: tasks.map((id) => createTask(id, { title: id, votes: 0 })) }))
  await pipeline.close()
  await storage.close()
  return data
}

async function migratingServer(): Promise<TestServer> {
  const modules = `board,${TEST_SPACES},${MIGRATING}`
  return await testServer({ storage: 'embedded', data: await filled(), modules }, { fakeTime: true })
}

async function votes(client: RawClient): Promise<unknown[]> {
  const found = (await client.request('findAll', [board.class.Task, {}])) as Task[]
  return found.map((task) => task.votes)
}

/** The migrations that administrators are shown. */
async function shown(url: string, token: string): Promise<{ toProcess: number }[]> {
  const statistics = await fetch(`${url.replace('ws', 'http')}/api/v1/statistics?token=${token}`)
  const { workspaces } = (await statistics.json()) as {
    workspaces: { migrations?: { toProcess: number }[] }[]
  }
  return workspaces[0]?.migrations ?? []
}

describe('clients and migrations', () => {
  test('MOD-126: a client that waits for a migration for more than two seconds is told how far it has come, and enters when it is done', async () => {
    const { reached, open, pass } = gate()
    beforeEachTask(async (task) => {
      if (task === 'c') await pass()
    })
    const { url, token, time } = await migratingServer()
    const early = new RawClient(url, token('ann'))
    await reached
    await time.advance(2000)
    const told = await early.wait(({ id }) => id === -1)
    const stats = { toProcess: 3, total: 5, elapsed: expect.any(Number), eta: expect.any(Number) }
    expect(told.result).toStrictEqual({ state: 'upgrading', stats })
    expect((await early.waitForClose()).code).toBe(4001)
    expect(await shown(url, token('root', 'w1', { admin: 'true' }))).toMatchObject([
      { migration: 'migrating.vote', toProcess: 3, total: 5 },
    ])
    // The migration goes on though nobody waits.
    const late = RawClient.open(url, token('ann'))
    open()
    expect(await votes(await late)).toStrictEqual([1, 1, 1, 1, 1])
  })

  test('MOD-127: the timeout of an opening does not end a migration that comes on, and ends one that does not', async () => {
    const steps = tasks.map(() => gate())
    let at = -1
    beforeEachTask(async () => await steps[(at += 1)]?.pass())
    const { url, token, time, log } = await migratingServer()
    const waiting = new RawClient(url, token('ann'))
    for (const [number, step] of steps.entries()) {
      await step.reached
      // Together more than the timeout of 30 s.
      await time.advance(20_000)
      if (number === 3) break
      step.open()
    }
    expect(log.lines.filter(({ level }) => level === 'error')).toStrictEqual([])
    await time.advance(60_000)
    await waitUntil(
      () => log.lines.some(({ message }) => message === 'a workspace did not open'),
      'the timeout',
    )
    for (const step of steps) step.open()
    await waiting.waitForClose()
  })

  test('MOD-128: a server that stops during a migration ends it after its batch, and the next one continues there', async () => {
    const { reached, open, pass } = gate()
    beforeEachTask(async (task) => {
      if (task === 'c') await pass()
    })
    const { server, url, token, log } = await migratingServer()
    const client = new RawClient(url, token('ann'))
    await reached
    const stopping = server.stop()
    open()
    await stopping
    expect(log.lines.filter(({ level }) => level === 'error')).toStrictEqual([])
    expect(log.lines.some(({ message }) => message.includes('continued at the next opening'))).toBe(true)
    await client.waitForClose()
  })

  test('MOD-129: after `kill -9` in the middle of a migration it continues after its last batch, and changes no document twice', async () => {
    const data = await filled()
    const modules = `board,${TEST_SPACES},${MIGRATING}`
    const tokens = new Tokens(SECRET, systemClock.now)
    const token = (email: string, claims = {}) => tokens.sign({ email, workspace: 'w1', ...claims })
    const first = await ServerProcess.start(data, { ATRIUM_MODULES: modules, HOLD_AT: 'c' })
    onTestEnd(async () => await first.kill())
    const waiting = new RawClient(first.url, token('ann'))
    const admin = token('root', { admin: 'true' })
    await waitUntil(async () => (await shown(first.url, admin))[0]?.toProcess === 3, 'two batches')
    await first.kill()
    await waiting.waitForClose()
    const second = await ServerProcess.start(data, { ATRIUM_MODULES: modules })
    onTestEnd(async () => await second.kill())
    const client = await RawClient.open(second.url, token('ann'))
    expect(await votes(client)).toStrictEqual([1, 1, 1, 1, 1])
    client.socket.close()
  })
})
