import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Class, Ref, Space } from '../../model/documents.ts'
import type { Client } from '../../client/client.ts'
import { ConnectionClosedError } from '../../client/connection/connection.ts'
import { connect, createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'

const sessionId = 's1'
const space = 'p' as Ref<Space>
const task = 'board:class:Task' as Ref<Class>

function tab(context: TestContext, { url, token }: TestServer, binary: boolean, at = url): Client {
  const client = createNodeClient({ url: at, sessionId, getToken: () => token('ann'), binary })
  context.after(() => client.terminate())
  return client
}

const votesOf = (found: object | undefined) => (found as { votes?: number } | undefined)?.votes

async function titles(client: Client): Promise<string[]> {
  const found = await client.findAll(board.class.Task, {}, { sort: { title: 1 } })
  return found.map(({ title }) => title)
}

for (const binary of [false, true]) {
  test(`SDK-41: two tabs with one session id both work, the second under an id of its own, binary: ${binary}`, async (context) => {
    const server = await testServer(context)
    const [first, second] = [tab(context, server, binary), tab(context, server, binary)]
    await first.ready()
    // Before it knows that its id is in use.
    const made = second.createDoc(board.class.Task, space, { title: 'second' })
    await first.createDoc(board.class.Task, space, { title: 'first' })
    await made
    assert.deepEqual(await titles(first), ['first', 'second'])
    assert.deepEqual(await titles(second), ['first', 'second'])
    for (const client of [first, second]) assert.equal(client.connectionState().connectionCount, 1)
    assert.equal(second.connectionState().lastClose?.code, 4201)
    assert.equal(server.server.inspect().sessions, 2)
  })

  test(`SDK-41: a client whose connection was given away while it was silent comes back under another id, and what was under way takes effect once, binary: ${binary}`, async (context) => {
    const server = await testServer(context, {}, { fakeTime: true })
    const { url, token, time } = server
    const proxy = await cuttingProxy(server.server.url)
    context.after(async () => await proxy.close())
    const client = tab(context, server, binary, url.replace(/:\d+$/, `:${proxy.port}`))
    await client.ready()
    const id = await client.createDoc(board.class.Task, space, { title: 'x', votes: 0 })
    let shown: number | undefined
    client.query(board.class.Task, { _id: id }, {}, ([found]) => (shown = votesOf(found)))
    await waitUntil(() => shown === 0, 'the task shown')
    // The server commits, and its answer goes nowhere.
    proxy.stall('answers')
    const sent = client.updateDoc({ _id: id, _class: task, space }, { $inc: { votes: 1 } })
    const other = await RawClient.open(url, token('bob'))
    await waitUntil(async () => {
      const [found] = (await other.request('findAll', [task, { _id: id }])) as { votes: number }[]
      return found?.votes === 1
    }, 'the change committed')
    proxy.stall('all')
    const later = client.updateDoc({ _id: id, _class: task, space }, { $inc: { votes: 10 } })
    const duplicate = new RawClient(url, token('ann'), { sessionId })
    duplicate.socket.once('open', () => duplicate.send({ method: 'hello', params: [], id: -1 }))
    await waitUntil(async () => {
      await time.advance(100)
      return duplicate.frames.some(({ result }) => result === 'hello')
    }, 'the session id moving')
    proxy.resume()
    await Promise.all([sent, later])
    await waitUntil(() => shown === 11, 'both changes shown once')
    const [found] = await client.findAll(board.class.Task, { _id: id })
    assert.equal(votesOf(found), 11)
    assert.equal(client.connectionState().lastClose?.code, 4200)
    assert.equal(client.connectionState().connectionCount, 2)
    assert.equal(await duplicate.request('ping'), 'pong!')
  })
}

test('SDK-41: a connection by itself says that its session id is in use', async (context) => {
  const { url, token } = await testServer(context)
  const first = await connect({ url, token: token('ann'), sessionId })
  await assert.rejects(connect({ url, token: token('ann'), sessionId }), (error) => {
    return error instanceof ConnectionClosedError && error.code === 4201
  })
  assert.equal(await first.request('ping'), 'pong!')
  first.close()
})

test('SDK-41: a hundred tabs opened at once with one session id all work', async (context) => {
  const server = await testServer(context)
  const tabs = Array.from({ length: 100 }, (_, at) => tab(context, server, at % 2 === 0))
  await Promise.all(
    tabs.map(async (client, at) => await client.createDoc(board.class.Task, space, { title: `t${at}` })),
  )
  assert.equal((await titles(tabs[0] as Client)).length, 100)
  assert.equal(server.server.inspect().sessions, 100)
})
