import { describe, expect, test } from '@jest/globals'
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
import { onTestEnd } from '../support/on-test-end.ts'

const Task = 'board:class:Task'
const Comment = 'board:class:Comment'
const visible = { space: 'pub' }

type Told = { event: number; classes: string[] }[]

async function settled(encoding: Encoding, flags: Flags) {
  const world = await peopledWorld(encoding, flags, { fakeTime: true })
  const { server, ann, bob, root } = world
  const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
  const read = async (domain: string, id: string) =>
    ((await tool.request('loadDocs', [domain, [id]])) as object[])[0]
  const seen = new Map<Member, number>()
  /** Events that the member received since the last call, after more than a second. */
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

/** A client of protocol 2 of bob’s that reconnects, and whether it resumed. */
async function resumes({ server }: World, place: object): Promise<{ resumed: unknown; place: object }> {
  const client = await RawClient.open(server.url, server.token('bob'), { protocol: 2, resume: place })
  const { resumed, epoch, seq } = client.frames.find(({ result }) => result === 'hello') ?? {}
  await client.close()
  return { resumed, place: { epoch, seq } }
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-241: classes of restored documents are announced by a BulkUpdate to those who may see or saw one, ${name}`, async () => {
    const { tool, read, next } = await settled(encoding, flags())
    const shown = await read('task', 'shown')
    const hidden = await read('task', 'hidden')
    await tool.request('upload', ['task', [{ ...shown, title: 'restored' }]])
    await tool.request('upload', ['task', [{ ...shown, _id: 'shown2' }]])
    // Coalesced.
    expect(await next()).toStrictEqual({ ann: bulk(Task), bob: bulk(Task), root: bulk(Task) })
    await tool.request('upload', ['task', [{ ...hidden, title: 'restored' }]])
    // In a private space.
    expect(await next()).toStrictEqual({ ann: bulk(Task), bob: [], root: bulk(Task) })
    await tool.request('upload', ['task', [{ ...shown, space: 'own' }]])
    // Moved out of bob’s view.
    expect((await next()).bob).toStrictEqual(bulk(Task))
    await tool.request('clean', ['task', ['shown2']])
    // Removed.
    expect((await next()).bob).toStrictEqual(bulk(Task))
    await tool.request('clean', ['comment', ['remark', 'not there']])
    expect(await next()).toStrictEqual({ ann: bulk(Comment), bob: [], root: bulk(Comment) })
    await tool.request('clean', ['task', ['not there']])
    expect(await next()).toStrictEqual({ ann: [], bob: [], root: [] })
  })

  test(`WIRE-241: a restored space is announced by a SecurityChange, ${name}`, async () => {
    const { ann, bob, tool, read, next } = await settled(encoding, flags())
    await ann.does(space('later', false, ['account:ann']))
    await ann.does(createTask('in later', { title: 'x' }, { space: 'later' }))
    await next()
    const doc = (await read('space', 'later')) as object
    await tool.request('upload', ['space', [{ ...doc, private: true }]])
    expect((await next()).bob[0]).toStrictEqual({ event: 3, classes: [] })
    expect(await bob.ids(Task, { _id: 'in later' })).toStrictEqual([])
  })

  test(`WIRE-242: a client that resumes from a position before a restore was announced reloads, and resumes from later ones, ${name}`, async () => {
    const world = await settled(encoding, flags())
    const { ann, tool, read, next } = world
    const { place: before } = await resumes(world, { epoch: 'another', seq: 0 })
    await ann.does(updateTask('shown', { priority: 'high' }, visible))
    // Nothing was restored.
    expect((await resumes(world, before)).resumed).toBe(true)
    const doc = await read('task', 'shown')
    await tool.request('upload', ['task', [{ ...doc, title: 'restored' }]])
    await ann.does(updateTask('shown', { priority: 'low' }, visible))
    // It reached this position before the restore was announced.
    const { resumed, place: untold } = await resumes(world, before)
    expect(resumed).toBe(false)
    expect((await resumes(world, untold)).resumed).toBe(false)
    await next()
    expect((await resumes(world, before)).resumed).toBe(false)
    expect((await resumes(world, untold)).resumed).toBe(false)
    await ann.does(updateTask('shown', { priority: 'high' }, visible))
    const { place: after } = await resumes(world, { epoch: 'another', seq: 0 })
    await ann.does(updateTask('shown', { priority: 'low' }, visible))
    expect((await resumes(world, after)).resumed).toBe(true)
    await tool.request('clean', ['task', ['not there']])
    // An announcement is pending whatever the removed ids are.
    expect((await resumes(world, after)).resumed).toBe(false)
    await ann.does(updateTask('shown', { priority: 'high' }, visible))
    const { place: last } = await resumes(world, after)
    // No announcement is pending.
    expect((await resumes(world, last)).resumed).toBe(true)
  })
})

describe('announcements of restored documents', () => {
  test('WIRE-242: all clients of a workspace that closes before a restore was announced reload', async () => {
    const world = await settled('json', { storage: 'embedded' })
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
    expect((await closing).status).toBe(200)
    expect((await resumes(world, place)).resumed).toBe(false)
    const bob = await RawClient.open(server.url, server.token('bob'))
    await bob.request('tx', [updateTask('shown', { priority: 'high' }, { ...visible, by: 'account:bob' })])
    const { place: after } = await resumes(world, place)
    expect((await resumes(world, after)).resumed).toBe(true)
  })

  test.each(['json', 'packed'] as const)(
    'WIRE-241: live queries of the SDK show restored documents, while connected and after a reconnect, %s',
    async (encoding) => {
      const { server, tool, read } = await settled(encoding, { storage: 'embedded' })
      const { url, token, time } = server
      const binary = encoding === 'packed'
      const client = createNodeClient({ url, getToken: () => token('bob'), binary })
      onTestEnd(() => client.terminate())
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
    },
  )
})
