import { expect, test } from '@jest/globals'
import type { Flags } from '../../server/configuration/configuration.ts'
import { createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import {
  attach,
  create,
  type Encoding,
  inEachSetting,
  type Member,
  peopledWorld,
  update,
} from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { expectFor } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const Task = 'board:class:Task'
const Comment = 'board:class:Comment'

/** The classes of each announcement so far. */
function announced({ pushes }: RawClient): string[][] {
  const events = pushes.filter(({ event }) => event === 2)
  return events.map(({ params }) => [...(params as { _class: string[] })._class].sort())
}

/** A world without pending announcements, and the announcements from now on. */
async function settled(encoding: Encoding, flags: Flags = {}) {
  const world = await peopledWorld(encoding, flags, { fakeTime: true })
  const { server, ann, bob, gus, root } = world
  const { time } = server
  const started = new Map<RawClient, number>()
  /** Advances time until earlier changes are announced, if at all. Returns the announcements of each member. */
  const next = async () => {
    await time.advance(1200)
    const told: Record<string, string[][]> = {}
    for (const [name, { client }] of Object.entries({ ann, bob, gus, root } as Record<string, Member>)) {
      // Earlier pushes have arrived when it is answered.
      await client.request('ping')
      told[name] = announced(client).slice(started.get(client) ?? 0)
      started.set(client, announced(client).length)
    }
    return told
  }
  return { ...world, time, next, first: await next() }
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-213: documents that enter the full-text index are announced, each class to those who may see one of its documents, ${name}`, async () => {
    const { ann, bob, root, server, next, first } = await settled(encoding, flags())
    // A comment is in a private space only.
    expect(first['bob']).toStrictEqual([[Task]])
    expect(first['gus']).toStrictEqual([[Task]])
    expect(first['ann']?.flat().sort()).toStrictEqual([Comment, Task])
    expect(first['root']?.flat().sort()).toStrictEqual([Comment, Task])
    // At the time of the announcement a search finds it.
    await ann.does(createTask('new', { title: 'needle' }, { space: 'pub' }))
    expect(await next()).toStrictEqual({ ann: [[Task]], bob: [[Task]], gus: [[Task]], root: [[Task]] })
    expect(await bob.ids(Task, { $search: 'needle' })).toStrictEqual(['new'])
    expect(await bob.search('needle')).toStrictEqual(['new'])
    // No full-text field has changed.
    await ann.does(updateTask('new', { status: 'done', $push: { labels: 'x' } }, { space: 'pub' }))
    expect(await next()).toStrictEqual({ ann: [], bob: [], gus: [], root: [] })
    await ann.does(updateTask('hidden', { title: 'another secret' }, { space: 'own' }))
    await ann.does(attach('new', 'public remark', { space: 'pub' }))
    const mixed = await next()
    for (const who of ['bob', 'gus']) expectFor(who, mixed[who]).toStrictEqual([[Comment]])
    for (const who of ['ann', 'root'])
      expectFor(who, mixed[who]?.flat().sort()).toStrictEqual([Comment, Task])
    // A member that is removed before the announcement receives none.
    await ann.does(update('own', 'core:class:Space', { $push: { members: bob.account } }))
    await ann.does(updateTask('hidden', { title: 'a third secret' }, { space: 'own' }))
    await ann.does(update('own', 'core:class:Space', { $pull: { members: bob.account } }))
    const left = await next()
    expect([left['bob'], left['ann']]).toStrictEqual([[], [[Task]]])
    // A backup tool restores documents without the log.
    const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
    const [task] = (await tool.request('loadDocs', ['task', ['new']])) as object[]
    const [secret] = (await tool.request('loadDocs', ['task', ['hidden']])) as object[]
    await tool.request('upload', ['task', [{ ...secret, _id: 'hidden2' }]])
    const restored = await next()
    expect([restored['bob'], restored['ann']]).toStrictEqual([[], [[Task]]])
    await tool.request('upload', ['task', [{ ...task, _id: 'restored' }]])
    expect((await next())['bob']).toStrictEqual([[Task]])
    expect(await bob.search('needle')).toStrictEqual(['new', 'restored'])
    expect(root).toBeTruthy()
  })
})

const inModel = { space: 'core:space:Model' }

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-245: a model change that affects searches is announced, ${name}`, async () => {
    const { ann, bob, max, root, next } = await settled(encoding, flags())
    const declare = async (id: string, fields: object) => {
      const attributes = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'memo', ...fields }
      await max.does(create(id, 'core:class:Class', attributes, inModel))
    }
    const [Memo, Short, Other] = ['app:class:Memo', 'app:class:Short', 'app:class:Other']
    await declare(Memo, {})
    await declare(Short, { extends: Memo })
    await declare(Other, { domain: 'other' })
    await ann.does(create('m1', Memo, { body: 'résumé' }, { space: 'pub' }))
    await ann.does(create('m2', Short, { body: 'résumé' }, { space: 'pub' }))
    const nothing = { ann: [], bob: [], gus: [], root: [] }
    expect(await next()).toStrictEqual(nothing)
    const people = ['ann', 'bob', 'gus', 'root']
    const everyone = (...classes: string[]) => Object.fromEntries(people.map((name) => [name, [classes]]))
    const type = { _class: 'core:class:TypeString' }
    const body = { attributeOf: Memo, name: 'body', label: 'x', type }
    await max.does(create('app:attribute:body', 'core:class:Attribute', body, inModel))
    // Not searched yet.
    expect(await next()).toStrictEqual(nothing)
    const changes = async (operations: object) =>
      await root.does(update('app:attribute:body', 'core:class:Attribute', operations, inModel.space))
    await changes({ fullText: true })
    expect(await next()).toStrictEqual(everyone(Memo, Short))
    expect(await bob.search('resume')).toStrictEqual(['m1', 'm2'])
    await changes({ label: 'y' })
    expect(await next()).toStrictEqual(nothing)
    await root.does(update(Short, 'core:class:Class', { accents: 'distinct' }, inModel.space))
    expect(await next()).toStrictEqual(everyone(Short))
    expect(await bob.search('resume')).toStrictEqual(['m1'])
    await changes({ fullText: false })
    expect(await next()).toStrictEqual(everyone(Memo, Short))
    expect(await bob.search('resume')).toStrictEqual([])
  })
})

for (const encoding of ['json', 'packed'] as const) {
  test(`WIRE-213: announcements are sent at most once a second, ${encoding}`, async () => {
    const { ann, bob, time, next } = await settled(encoding)
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, at) => {
          await ann.does(createTask(`t${round}-${at}`, { title: 'x' }, { space: 'pub' }))
        }),
      )
      await time.advance(200)
    }
    const told = await next()
    expectFor(JSON.stringify(told['bob']), told['bob']?.length ?? 0).toBeGreaterThanOrEqual(1)
    expectFor(JSON.stringify(told['bob']), told['bob']?.length ?? 0).toBeLessThanOrEqual(2)
    expect(announced(bob.client).every((classes) => String(classes) === Task)).toBe(true)
    expect(await next()).toStrictEqual({ ann: [], bob: [], gus: [], root: [] })
  })

  test(`WIRE-213: silent transactions, mixins, moves, removals and classes of the application are announced too, ${encoding}`, async () => {
    const { ann, max, root, next } = await settled(encoding)
    await ann.does(applyIf({ notify: false, txes: [createTask('s', { title: 'silent' }, { space: 'pub' })] }))
    expect((await next())['bob']).toStrictEqual([[Task]])
    await ann.does(updateTask('s', { space: 'own' }, { space: 'pub' }))
    // A member that does not see the new space is told by a SecurityChange.
    expect((await next())['ann']).toStrictEqual([[Task]])
    await ann.does(updateTask('s', { space: 'pub' }, { space: 'own' }))
    await next()
    await ann.does({ ...createTask('s', {}, { space: 'pub' }), _class: 'core:class:TxRemoveDoc' })
    expect((await next())['bob']).toStrictEqual([[Task]])
    const mixin = { kind: 2, label: 'x', extends: Task }
    await max.does(create('app:mixin:Noted', 'core:class:Mixin', mixin, inModel))
    const note = {
      attributeOf: 'app:mixin:Noted',
      name: 'note',
      label: 'note',
      type: { _class: 'core:class:TypeString' },
      fullText: true,
    }
    await max.does(create('app:attribute:note', 'core:class:Attribute', note, inModel))
    expect((await next())['bob']).toStrictEqual([[Task]])
    const mixed = { mixin: 'app:mixin:Noted', attributes: { note: 'needle' } }
    await ann.does({ ...updateTask('shown', {}, { space: 'pub' }), _class: 'core:class:TxMixin', ...mixed })
    expect((await next())['bob']).toStrictEqual([[Task]])
    const personal = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'diary', visibleTo: 'creator' }
    await root.does(create('app:class:Diary', 'core:class:Class', personal, inModel))
    const text = { ...note, attributeOf: 'app:class:Diary', name: 'text' }
    await root.does(create('app:attribute:text', 'core:class:Attribute', text, inModel))
    await next()
    await ann.does(create('d1', 'app:class:Diary', { text: 'dear diary' }, { space: 'pub' }))
    const diary = await next()
    expect([diary['ann'], diary['bob'], diary['gus']]).toStrictEqual([[['app:class:Diary']], [], []])
  })

  test(`WIRE-213: a session without broadcast receives no announcement, and a closing workspace leaves none, ${encoding}`, async () => {
    const { ann, server, time } = await settled(encoding)
    const binary = encoding === 'packed'
    const quiet = await RawClient.open(server.url, server.token('bob'), { binary, broadcast: false })
    await ann.does(createTask('new', { title: 'needle' }, { space: 'pub' }))
    await time.advance(1200)
    await quiet.request('ping')
    expect(announced(quiet)).toStrictEqual([])
    await ann.does(createTask('new2', { title: 'needle' }, { space: 'pub' }))
    const headers = { authorization: `Bearer ${server.token('root', '', { admin: 'true' })}` }
    const closing = fetch(`${server.server.url}/api/v1/manage?operation=force-close&wsId=w1`, {
      method: 'PUT',
      headers,
    })
    await waitUntil(async () => {
      await time.advance(100)
      return server.server.inspect().workspaces === 0
    }, 'the workspace closing')
    expect((await closing).status).toBe(200)
  })

  test(`SDK-42: live searches of the SDK are repeated when documents of their classes enter the index, and others are not, ${encoding}`, async () => {
    const server = await testServer({ storage: 'embedded' }, { fakeTime: true })
    const { url, token, time } = server
    const client = createNodeClient({ url, getToken: () => token('ann'), binary: encoding === 'packed' })
    onTestEnd(() => client.terminate())
    const writer = await RawClient.open(url, token('bob'))
    await writer.request('tx', [createTask('t1', { title: 'hay' }, { by: 'account:bob' })])
    const shown = { search: [] as string[], plain: 0 }
    client.query(board.class.Task, { $search: 'needle' } as never, {}, (found) => {
      shown.search = found.map(({ _id }) => _id)
    })
    client.query(board.class.Task, {}, {}, () => (shown.plain += 1))
    await waitUntil(() => shown.plain === 1, 'the tasks shown')
    const tool = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    const [task] = (await tool.request('loadDocs', ['task', ['t1']])) as object[]
    // No transaction describes it.
    await tool.request('upload', ['task', [{ ...task, title: 'a needle', _id: 't2' }]])
    await waitUntil(async () => {
      await time.advance(100)
      return shown.search.join() === 't2'
    }, 'the search shown anew')
    // The restore itself is announced to all; after an indexing only searches are repeated.
    const asked = async () => {
      const text = await (await fetch(`${server.server.url}/metrics`)).text()
      return Number(/^atrium_request_duration_seconds_count\{method="query"\} (\d+)$/m.exec(text)?.[1])
    }
    await waitUntil(() => shown.plain === 2, 'the restored task shown')
    // A restore is announced twice, as indexed and as changed: waits until no query is repeated any more.
    await time.advance(2000)
    let before = 0
    let same = 0
    await waitUntil(async () => {
      const now = await asked()
      same = now === before ? same + 1 : 0
      before = now
      return same >= 10
    }, 'the restore taken in')
    const system = await RawClient.open(url, token('system'))
    const event = {
      _id: 'event',
      _class: 'core:class:TxWorkspaceEvent',
      space: 'core:space:DerivedTx',
      objectSpace: 'core:space:DerivedTx',
      modifiedBy: 'core:account:System',
      modifiedOn: 1,
      event: 2,
      params: { _class: [board.class.Task] },
    }
    await system.request('tx', [event])
    await waitUntil(async () => (await asked()) > before, 'the search asked again')
    // A later request of the same client.
    await client.findAll(board.class.Task, {})
    expect(await asked()).toBe(before + 1)
  })
}
