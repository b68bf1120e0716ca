import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import {
  type Encoding,
  inEachSetting,
  type Member,
  peopledWorld,
  space,
  type World,
} from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import type { TestContext } from 'node:test'

const Task = 'board:class:Task'
const Comment = 'board:class:Comment'
const visible = { space: 'pub' }

type Told = { event: number; classes: string[] }[]

async function settled(context: TestContext, encoding: Encoding, flags: Flags) {
  const world = await peopledWorld(context, encoding, flags, { fakeTime: true })
  const { server, ann, bob, root } = world
  const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
  const read = async (domain: string, id: string) =>
    ((await tool.request('loadDocs', [domain, [id]])) as object[])[0]
  const seen = new Map<Member, number>()
  /** Events that the member was told since the last time, when a second and more went by. */
  const told = async (member: Member): Promise<Told> => {
    await member.client.request('ping')
    const events = member.client.pushes.filter(({ event }) => event === 3 || event === 5)
    const from = seen.get(member) ?? 0
    seen.set(member, events.length)
    return events.slice(from).map(({ event, params }) => ({
      event: event as number,
      classes: (params as { _class?: string[] })._class ?? [],
    }))
  }
  const next = async () => {
    await server.time.advance(1200)
    return { ann: await told(ann), bob: await told(bob), root: await told(root) }
  }
  await next()
  return { ...world, tool, read, next }
}

const bulk = (...classes: string[]): Told => [{ event: 5, classes }]

/** A client of protocol 2 of bob's that comes back, and whether it may go on. */
async function resumes({ server }: World, place: object): Promise<{ resumed: unknown; place: object }> {
  const client = await RawClient.open(server.url, server.token('bob'), { protocol: 2, resume: place })
  const { resumed, epoch, seq } = client.frames.find(({ result }) => result === 'hello') ?? {}
  await client.close()
  return { resumed, place: { epoch, seq } }
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-241: classes of what is restored are announced by a BulkUpdate, to who may see it or saw it, ${name}`, async (context) => {
    const { tool, read, next } = await settled(context, encoding, flags(context))
    const shown = await read('task', 'shown')
    const hidden = await read('task', 'hidden')
    await tool.request('upload', ['task', [{ ...shown, title: 'restored' }]])
    await tool.request('upload', ['task', [{ ...shown, _id: 'shown2' }]])
    assert.deepEqual(await next(), { ann: bulk(Task), bob: bulk(Task), root: bulk(Task) }, 'coalesced')
    await tool.request('upload', ['task', [{ ...hidden, title: 'restored' }]])
    assert.deepEqual(await next(), { ann: bulk(Task), bob: [], root: bulk(Task) }, 'in a private space')
    await tool.request('upload', ['task', [{ ...shown, space: 'own' }]])
    assert.deepEqual((await next()).bob, bulk(Task), 'out of sight')
    await tool.request('clean', ['task', ['shown2']])
    assert.deepEqual((await next()).bob, bulk(Task), 'taken away')
    await tool.request('clean', ['comment', ['remark', 'not there']])
    assert.deepEqual(await next(), { ann: bulk(Comment), bob: [], root: bulk(Comment) })
    await tool.request('clean', ['task', ['not there']])
    assert.deepEqual(await next(), { ann: [], bob: [], root: [] })
  })

  test(`WIRE-241: a restored space is told as a change of what may be seen, ${name}`, async (context) => {
    const { ann, bob, tool, read, next } = await settled(context, encoding, flags(context))
    await ann.does(space('later', false, ['account:ann']))
    await ann.does(createTask('in later', { title: 'x' }, { space: 'later' }))
    await next()
    const doc = (await read('space', 'later')) as object
    await tool.request('upload', ['space', [{ ...doc, private: true }]])
    assert.deepEqual((await next()).bob[0], { event: 3, classes: [] })
    assert.deepEqual(await bob.ids(Task, { _id: 'in later' }), [])
  })

  test(`WIRE-242: who resumes from a place before all of a restore was told starts anew, and after it goes on, ${name}`, async (context) => {
    const world = await settled(context, encoding, flags(context))
    const { ann, tool, read, next } = world
    const { place: before } = await resumes(world, { epoch: 'another', seq: 0 })
    await ann.does(updateTask('shown', { priority: 'high' }, visible))
    assert.equal((await resumes(world, before)).resumed, true, 'nothing was restored')
    const doc = await read('task', 'shown')
    await tool.request('upload', ['task', [{ ...doc, title: 'restored' }]])
    await ann.does(updateTask('shown', { priority: 'low' }, visible))
    // It got here before it was told of the restore.
    const { resumed, place: untold } = await resumes(world, before)
    assert.equal(resumed, false)
    assert.equal((await resumes(world, untold)).resumed, false)
    await next()
    assert.equal((await resumes(world, before)).resumed, false)
    assert.equal((await resumes(world, untold)).resumed, false)
    await ann.does(updateTask('shown', { priority: 'high' }, visible))
    const { place: after } = await resumes(world, { epoch: 'another', seq: 0 })
    await ann.does(updateTask('shown', { priority: 'low' }, visible))
    assert.equal((await resumes(world, after)).resumed, true)
    await tool.request('clean', ['task', ['not there']])
    assert.equal((await resumes(world, after)).resumed, false, 'whatever was to be taken away')
    await ann.does(updateTask('shown', { priority: 'high' }, visible))
    const { place: last } = await resumes(world, after)
    assert.equal((await resumes(world, last)).resumed, true, 'nobody had to be told')
  })
})

test('WIRE-242: a workspace that closes before a restore was told has everyone start anew', async (context) => {
  const world = await settled(context, 'json', { storage: 'embedded' })
  const { ann, tool, read, server } = world
  const doc = await read('task', 'shown')
  await tool.request('upload', ['task', [{ ...doc, title: 'restored' }]])
  await ann.does(updateTask('shown', { priority: 'low' }, visible))
  const { place } = await resumes(world, { epoch: 'another', seq: 0 })
  const headers = { authorization: `Bearer ${server.token('root', '', { admin: 'true' })}` }
  const closing = fetch(`${server.server.url}/api/v1/manage?operation=force-close&wsId=w1`, {
    method: 'PUT',
    headers,
  })
  await waitUntil(async () => {
    await server.time.advance(100)
    return server.server.inspect().workspaces === 0
  }, 'the workspace closing')
  assert.equal((await closing).status, 200)
  assert.equal((await resumes(world, place)).resumed, false)
  const bob = await RawClient.open(server.url, server.token('bob'))
  await bob.request('tx', [updateTask('shown', { priority: 'high' }, { ...visible, by: 'account:bob' })])
  const { place: after } = await resumes(world, place)
  assert.equal((await resumes(world, after)).resumed, true)
})

for (const encoding of ['json', 'packed'] as const)
  test(`WIRE-241: live queries of the SDK have what was restored, connected and when they come back, ${encoding}`, async (context) => {
    const { server, tool, read } = await settled(context, encoding, { storage: 'embedded' })
    const { url, token, time } = server
    const binary = encoding === 'packed'
    const client = createNodeClient({ url, getToken: () => token('bob'), binary })
    context.after(() => client.terminate())
    let shown: string | undefined
    const sorted = { sort: { _id: 1 } } as const
    client.query(board.class.Task, {}, sorted, (found) => {
      shown = found.map(({ _id, title }) => `${_id} ${title}`).join()
    })
    await waitUntil(() => shown !== undefined, 'the first result')
    const doc = await read('task', 'shown')
    await tool.request('upload', [
      'task',
      [
        { ...doc, title: 'restored' },
        { ...doc, _id: 'two' },
      ],
    ])
    await waitUntil(async () => {
      await time.advance(100)
      return shown === 'shown restored,two a public word'
    }, 'what was restored')
    client.stop()
    await tool.request('clean', ['task', ['two']])
    client.restart()
    await waitUntil(async () => {
      await time.advance(100)
      return shown === 'shown restored'
    }, 'what was taken away meanwhile')
  })
