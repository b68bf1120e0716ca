import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RawClient } from '../support/raw-client.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const params = `{ safeParse: (data) => ({ success: true, data }), parse: (data) => data }`

/** Its trigger comments tasks; a task with a title of trouble makes trouble. */
const worker = `
  const kept = []
  const troubles = {
    spin: () => { for (;;); },
    leak: () => { for (;;) kept.push(new Array(1e6).fill({})) },
    stray: () => { setImmediate(() => { throw new Error('stray') }); return new Promise(() => undefined) },
    exit: () => process.exit(3),
    wait: () => new Promise((resolve) => kept.push(() => resolve('waited'))),
    go: () => { for (const each of kept) each() },
    deep: () => JSON.parse('['.repeat(3000) + ']'.repeat(3000)),
    cycle: () => { const value = {}; value.self = value; return value },
    unsendable: () => { const error = new Error('x'); error.self = error; error.of = Symbol('x'); throw error },
    hostile: () => { throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('y') } }) },
  }
  export default {
    name: 'worker',
    model: [],
    triggers: [{
      kind: 'async',
      name: 'comment',
      retry: { attempts: 2, first: '1ms' },
      on: { classes: ['board:class:Task'], transactions: ['core:class:TxCreateDoc'] },
      run: async ({ bySystem, get, findAll, after, runAfter, hierarchy, key, workspace }, { objectId }) => {
        const task = await get('board:class:Task', objectId)
        await troubles[task.title]?.()
        const others = await findAll('board:class:Task', { title: task.title })
        const same = (await after()).title === task.title && hierarchy.isDerived('board:class:Task', 'core:class:Doc')
        return [
          bySystem.attach(task, 'comments', 'board:class:Comment', {
            message: [task.title, others.length, same, workspace.id, typeof key].join(),
          }),
          runAfter(0, 'later', { task: objectId }),
        ]
      },
    }],
    jobs: {
      later: {
        run: async ({ bySystem, get, dueAt }, { task }) => {
          const found = await get('board:class:Task', task)
          return [bySystem.update(found, { description: 'by a job ' + typeof dueAt })]
        },
      },
    },
    methods: {
      trouble: { params: ${params}, run: async (_call, [name]) => await troubles[name]() },
      tasks: {
        params: ${params},
        run: async ({ findAll, commit, factory, caller }, [title]) => {
          const tasks = await findAll('board:class:Task', { title })
          await commit(tasks.map((task) => factory.update(task, { rank: 'z' })))
          return { count: tasks.length, by: caller.email }
        },
      },
      refuse: {
        params: ${params},
        run: () => {
          throw Object.assign(new Error('x'), {
            name: 'StatusError',
            status: { severity: 'ERROR', code: 'platform:status:Forbidden', params: { message: 'no' } },
          })
        },
      },
      where: { params: ${params}, run: async () => (await import('node:worker_threads')).isMainThread },
    },
  }`

const neighbour = `
  export default {
    name: 'neighbour',
    model: [],
    triggers: [],
    methods: { hello: { params: ${params}, run: async ({ findAll }) => (await findAll('board:class:Task', {})).length } },
  }`

async function isolatedServer(): Promise<TestServer & { ann: RawClient }> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const paths = { worker: join(folder, 'worker.mjs'), neighbour: join(folder, 'neighbour.mjs') }
  await writeFile(paths.worker, worker)
  await writeFile(paths.neighbour, neighbour)
  const started = await testServer({
    modules: ['board', TEST_SPACES, paths.worker, paths.neighbour].join(),
    moduleIsolation: 'thread',
    moduleStall: '300ms',
    moduleMemory: '32',
  })
  const ann = await RawClient.open(started.url, started.token('ann'))
  return { ...started, ann }
}

async function comments(client: RawClient): Promise<string[]> {
  const found = (await client.request('findAll', ['board:class:Comment', {}])) as { message: string }[]
  return found.map(({ message }) => message)
}

const code = async (response: Promise<unknown>): Promise<unknown> =>
  await response.then(
    () => 'ok',
    (error: unknown) => (error as { code?: string }).code,
  )

describe('modules in threads of their own', () => {
  test('MOD-180: triggers, jobs and methods in a thread read, write, commit and refuse as in the main thread', async () => {
    const { ann } = await isolatedServer()
    await ann.request('tx', [createTask('t1', { title: 'calm' })])
    await waitUntil(async () => (await comments(ann)).length === 1, 'the trigger')
    expect(await comments(ann)).toStrictEqual(['calm,1,true,w1,string'])
    const task = async () =>
      ((await ann.request('findAll', ['board:class:Task', {}])) as Record<string, unknown>[])[0]
    await waitUntil(async () => (await task())?.['description'] === 'by a job number', 'the job')
    expect(await ann.request('worker.tasks', ['calm'])).toStrictEqual({ count: 1, by: 'ann' })
    expect(await task()).toMatchObject({ rank: 'z', modifiedBy: 'account:ann' })
    expect(await code(ann.request('worker.refuse', []))).toBe('platform:status:Forbidden')
    expect(await ann.request('worker.where', [])).toBe(false)
  })

  test('MOD-181: code that computes without end, uses up its memory or ends its thread stops the runs of its module and nobody else', async () => {
    const { ann, log, server } = await isolatedServer()
    for (const trouble of ['spin', 'leak', 'exit']) {
      const failing = code(ann.request('worker.trouble', [trouble]))
      // The main thread serves all others meanwhile.
      expect(await ann.request('neighbour.hello', [])).toBe(0)
      expect(await failing).not.toBe('ok')
      // A thread that ended three times within a minute starts again after a pause.
      const works = async () => (await code(ann.request('worker.tasks', ['calm']))) === 'ok'
      if (trouble === 'exit') expect(await works()).toBe(false)
      await waitUntil(works, 'the next thread')
    }
    const ends = log.lines.filter(({ message }) => message.startsWith('the thread of a module ended'))
    expect(ends.map(({ fields }) => (fields as { module: string }).module)).toStrictEqual([
      'worker',
      'worker',
      'worker',
    ])
    expect(server.inspect().sessions).toBe(1)
  })

  test('MOD-182: a trigger whose thread ends is tried again and becomes a dead letter, and the transactions after it have their turns', async () => {
    const { ann, log } = await isolatedServer()
    await ann.request('tx', [createTask('t1', { title: 'stray' })])
    await ann.request('tx', [createTask('t2', { title: 'calm' })])
    await waitUntil(async () => (await comments(ann)).length === 1, 'the next run')
    expect(await comments(ann)).toStrictEqual(['calm,1,true,w1,string'])
    await waitUntil(() => log.lines.some(({ message }) => message.includes('dead letter')), 'the dead letter')
    expect(log.lines.some(({ message }) => message.startsWith('a module left an exception to nobody'))).toBe(
      true,
    )
  })

  test('MOD-203: a result or an error that a thread cannot pass on fails its run, and the other runs of its module go on', async () => {
    const { ann, log } = await isolatedServer()
    const open = ann.request('worker.trouble', ['wait'])
    for (const trouble of ['deep', 'cycle', 'unsendable', 'hostile'])
      expect(await code(ann.request('worker.trouble', [trouble]))).toBe('platform:status:InternalServerError')
    expect(await ann.request('worker.trouble', ['go'])).toBeNull()
    expect(await open).toBe('waited')
    expect(log.lines.filter(({ message }) => message.startsWith('the thread of a module'))).toStrictEqual([])
  })
})
