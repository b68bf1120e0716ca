import { describe, expect, test } from '@jest/globals'
import { RawClient, RawError } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask, updateTask } from '../support/transactions.ts'

const Task = 'board:class:Task'

describe('existing clients', () => {
  test('WIRE-200: a tool with mode backup and model upgrade is a backup session inside upgrade mode', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    const tool = await RawClient.open(url, token('tool', 'w1', { mode: 'backup', model: 'upgrade' }))
    expect((await ann.waitForClose()).code).toBe(4001)
    const { docs } = (await tool.request('loadChunk', ['task'])) as { docs: { id: string }[] }
    expect(docs.map(({ id }) => id)).toStrictEqual(['t1'])
    const [task] = (await tool.request('loadDocs', ['task', ['t1']])) as object[]
    await tool.request('upload', ['task', [{ ...task, title: 'restored' }]])
    await tool.close()
    const back = await RawClient.open(url, token('ann'))
    const found = (await back.request('findAll', [Task, {}])) as { title: string }[]
    expect(found.map(({ title }) => title)).toStrictEqual(['restored'])
    const upgrades = await RawClient.open(url, token('tool', 'w2', { model: 'upgrade' }))
    await expect(upgrades.request('loadChunk', ['task'])).rejects.toThrow(RawError)
  })

  test('WIRE-201: the bare text `ping` is answered with the bare text `pong!`', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    const answer = new Promise<string>((resolve) => {
      client.socket.removeAllListeners('message')
      client.socket.on('message', (data: Buffer) => {
        if (!data.toString().startsWith('{')) resolve(data.toString())
      })
    })
    client.send('ping')
    expect(await answer).toBe('pong!')
  })

  test('WIRE-202: getAccount without an account is null for existing clients', async () => {
    const { url, token } = await testServer()
    const tool = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    expect(await tool.request('getAccount')).toBeNull()
    const newer = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }), { protocol: 2 })
    await expect(newer.request('getAccount')).rejects.toThrow(/AccountNotFound/)
  })

  test('WIRE-203: a TxCreateDoc with its own parent is counted, and removed with its parent', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    const comment = change(
      'core:class:TxCreateDoc',
      'c1',
      'board:class:Comment',
      {},
      { attributes: { message: 'x' }, attachedTo: 't1', attachedToClass: Task, collection: 'comments' },
    )
    await ann.request('tx', [comment])
    const [made] = (await ann.request('findAll', ['board:class:Comment', {}])) as Record<string, unknown>[]
    expect([made?.['attachedTo'], made?.['collection']]).toStrictEqual(['t1', 'comments'])
    const [task] = (await ann.request('findAll', [Task, {}])) as { comments: number }[]
    expect(task?.comments).toBe(1)
    await ann.request('tx', [change('core:class:TxRemoveDoc', 't1', Task, {}, {})])
    expect([...((await ann.request('findAll', ['board:class:Comment', {}])) as unknown[])]).toStrictEqual([])
  })

  test('WIRE-204: a derived change of the same document has a later time than its cause', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    await ann.request('tx', [updateTask('t1', { status: 'done' })])
    const derived = await ann.waitForPush(
      ({ operations }) => (operations as { doneOn?: number } | undefined)?.doneOn !== undefined,
    )
    const cause = ann.pushes.find(
      ({ operations }) => (operations as { status?: string } | undefined)?.status === 'done',
    )
    expect(Number(derived['modifiedOn'])).toBeGreaterThan(Number(cause?.['modifiedOn']))
  })

  test('WIRE-205: GET / says what the server is and links the rest', async () => {
    const { server } = await testServer()
    const response = await fetch(`${server.url}/`)
    expect(response.status).toBe(200)
    const page = (await response.json()) as Record<string, string>
    expect([page['name'], page['health'], page['api']]).toStrictEqual([
      'atrium',
      '/health',
      '/api/v1/version',
    ])
    expect((await fetch(`${server.url}${page['health']}`)).status).toBe(200)
  })

  test('WIRE-206: a value outside of its enum is refused as InvalidAttribute, which names the allowed values', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    await ann.request('tx', [createTask('t1', { title: 'x', status: 'todo' })])
    for (const tx of [
      createTask('t2', { title: 'x', status: 'nonsense' }),
      updateTask('t1', { status: 'nonsense' }),
    ]) {
      const { error } = await ann.ask('tx', [tx])
      expect(error?.code).toBe('core:status:InvalidAttribute')
      expect(String(error?.params['expected'])).toMatch(/backlog.*todo.*done/)
    }
  })

  test('WIRE-207: a document of 600,000 words can be searched, and so can all others', async () => {
    const { url, token } = await testServer({ storage: 'embedded' })
    const ann = await RawClient.open(url, token('ann'))
    const words = Array.from({ length: 600_000 }, (_, at) => `w${at % 1000}`).join(' ')
    await ann.request('tx', [createTask('long', { title: 'long', description: `${words} needle` })])
    await ann.request('tx', [createTask('short', { title: 'a needle' })])
    const { docs } = (await ann.request('searchFulltext', [{ query: 'needle' }])) as {
      docs: { id: string }[]
    }
    expect(docs.map(({ id }) => id).sort()).toStrictEqual(['long', 'short'])
  })
})
