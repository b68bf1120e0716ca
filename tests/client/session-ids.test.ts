import { describe, expect, test } from '@jest/globals'
import type { Class, Ref, Space } from '../../model/documents.ts'
import type { Client } from '../../client/client.ts'
import { ConnectionClosedError } from '../../client/connection/connection.ts'
import { connect, createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { satisfying } from '../support/expecting.ts'

const sessionId = 's1'
const space = 'p' as Ref<Space>
const task = 'board:class:Task' as Ref<Class>

function tab({ url, token }: TestServer, binary: boolean, at = url): Client {
  const client = createNodeClient({ url: at, sessionId, getToken: () => token('ann'), binary })
  onTestEnd(() => client.terminate())
  return client
}

const votesOf = (found: object | undefined) => (found as { votes?: number } | undefined)?.votes

async function titles(client: Client): Promise<string[]> {
  const found = await client.findAll(board.class.Task, {}, { sort: { title: 1 } })
  return found.map(({ title }) => title)
}

for (const binary of [false, true]) {
  test(`SDK-41: two tabs with one session id both work, the second under a new id, binary: ${binary}`, async () => {
    const server = await testServer()
    const [first, second] = [tab(server, binary), tab(server, binary)]
    await first.ready()
    // Before it is told that its id is in use.
    const made = second.createDoc(board.class.Task, space, { title: 'second' })
    await first.createDoc(board.class.Task, space, { title: 'first' })
    await made
    expect(await titles(first)).toStrictEqual(['first', 'second'])
    expect(await titles(second)).toStrictEqual(['first', 'second'])
    for (const client of [first, second]) expect(client.connectionState().connectionCount).toBe(1)
    expect(second.connectionState().lastClose?.code).toBe(4201)
    expect(server.server.inspect().sessions).toBe(2)
  })

  test(`SDK-41: a silent client that lost its session id returns under another id, and its running requests take effect once, binary: ${binary}`, async () => {
    const server = await testServer({}, { fakeTime: true })
    const { url, token, time } = server
    const proxy = await cuttingProxy(server.server.url)
    onTestEnd(async () => await proxy.close())
    const client = tab(server, binary, url.replace(/:\d+$/, `:${proxy.port}`))
    await client.ready()
    const id = await client.createDoc(board.class.Task, space, { title: 'x', votes: 0 })
    let shown: number | undefined
    client.query(board.class.Task, { _id: id }, {}, ([found]) => (shown = votesOf(found)))
    await waitUntil(() => shown === 0, 'the task shown')
    // The server commits, and its response is lost.
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
    expect(votesOf(found)).toBe(11)
    expect(client.connectionState().lastClose?.code).toBe(4200)
    expect(client.connectionState().connectionCount).toBe(2)
    expect(await duplicate.request('ping')).toBe('pong!')
  })
}

describe('session ids of clients', () => {
  test('SDK-41: a standalone connection reports that its session id is in use', async () => {
    const { url, token } = await testServer()
    const first = await connect({ url, token: token('ann'), sessionId })
    await expect(connect({ url, token: token('ann'), sessionId })).rejects.toThrow(
      satisfying((error) => {
        return error instanceof ConnectionClosedError && error.code === 4201
      }),
    )
    expect(await first.request('ping')).toBe('pong!')
    first.close()
  })

  test('SDK-41: a hundred tabs opened at once with one session id all work', async () => {
    const server = await testServer()
    const tabs = Array.from({ length: 100 }, (_, at) => tab(server, at % 2 === 0))
    await Promise.all(
      tabs.map(async (client, at) => await client.createDoc(board.class.Task, space, { title: `t${at}` })),
    )
    expect(await titles(tabs[0] as Client)).toHaveLength(100)
    expect(server.server.inspect().sessions).toBe(100)
  })
})
