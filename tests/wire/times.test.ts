import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../model/clock.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { create, inEachSetting, Member, peopledWorld, update } from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, comment, createTask, updateTask } from '../support/transactions.ts'

const Task = 'board:class:Task'
const now = Date.UTC(2026, 10, 21, 12)
const past = Date.UTC(2009, 1, 3)
const inModel = { space: 'core:space:Model' }
const invalid = 'core:status:InvalidTransaction'

interface Timed {
  _id: string
  modifiedOn: number
  createdOn: number
  modifiedBy: string
}

const at = (tx: object, modifiedOn: unknown, more: object = {}) => ({ ...tx, modifiedOn, ...more })

async function timesOf(member: Member, _class: string, id: string): Promise<number[]> {
  const [doc] = await member.find<Timed>(_class, { _id: id })
  return [doc?.modifiedOn ?? NaN, doc?.createdOn ?? NaN]
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-212: backup, upgrade and system sessions keep the times they send, ${name}`, async (context) => {
    const { url, token } = await testServer(context, flags(context), { fakeTime: true })
    const binary = encoding === 'packed'
    const ann = await RawClient.open(url, token('ann'), { binary })
    await ann.request('tx', [at(createTask('a1', { title: 'x' }), past, { createdOn: past })])
    await ann.close()
    const sessions = [
      ['backup', 'tool', { mode: 'backup' }],
      ['upgrade', 'tool', { model: 'upgrade' }],
      ['both', 'tool', { mode: 'backup', model: 'upgrade' }],
      ['account', 'ann', { mode: 'backup' }],
      ['system', 'system', {}],
    ] as const
    for (const [kind, email, claims] of sessions) {
      const tool = await RawClient.open(url, token(email, 'w1', claims), { binary })
      const by = 'account:somebody'
      await tool.request('tx', [
        at(createTask(`t-${kind}`, { title: 'x' }, { by }), past, { createdOn: past - 1 }),
      ])
      await tool.request('tx', [
        at(updateTask(`t-${kind}`, { title: 'y' }, { by: 'account:other' }), past + 5),
      ])
      await tool.request('tx', [at(comment(`t-${kind}`, `c-${kind}`, { by }), past + 7)])
      const [task] = (await tool.request('findAll', [Task, { _id: `t-${kind}` }])) as Timed[]
      const [remark] = (await tool.request('findAll', [
        'board:class:Comment',
        { _id: `c-${kind}` },
      ])) as Timed[]
      assert.deepEqual([remark?.modifiedOn, remark?.modifiedBy], [past + 7, by], kind)
      assert.deepEqual([task?.createdOn, task?.modifiedBy], [past - 1, by], kind)
      for (const wrong of ['2009', 1e300, -1e300, true, {}, []]) {
        const { error } = await tool.ask('tx', [at(updateTask(`t-${kind}`, { title: 'z' }), wrong)])
        assert.equal(error?.code, invalid, `${kind} ${JSON.stringify(wrong)}`)
      }
      // Before 1970, of a fraction of a millisecond, and at the ends of time.
      for (const odd of [-1, 0, 1.5, -0.25, 8.64e15]) {
        await tool.request('tx', [at(updateTask(`t-${kind}`, { title: `${odd}` }), odd)])
        const [found] = (await tool.request('findAll', [Task, { _id: `t-${kind}` }])) as Timed[]
        assert.equal(found?.modifiedOn, odd)
      }
      const none = updateTask(`t-${kind}`, { title: 'no time' }) as object
      await tool.request('tx', [{ ...none, modifiedOn: undefined }])
      const [found] = (await tool.request('findAll', [Task, { _id: `t-${kind}` }])) as Timed[]
      assert.equal(found?.modifiedOn, now)
      await tool.close()
    }
    const user = await Member.enter({ url, token }, 'ann', encoding)
    assert.deepEqual(await timesOf(user, Task, 'a1'), [now, now])
  })
})

async function importing(
  context: TestContext,
  imports: string,
  encoding: 'json' | 'packed',
  flags: Flags = {},
) {
  return await peopledWorld(context, encoding, { ...flags, ...(imports === '' ? {} : { imports }) })
}

const before = (time: number | undefined) => (time ?? Infinity) <= past + 1

for (const encoding of ['json', 'packed'] as const) {
  for (const [imports, allowed] of [
    ['', []],
    ['nobody', []],
    ['owners', ['olga', 'root']],
    ['maintainers', ['olga', 'max', 'root']],
  ] as const)
    test(`AUTH-23: with imports of ${imports || 'the default'} the times of ${allowed.join(', ') || 'nobody'} are kept, ${encoding}`, async (context) => {
      const world = await importing(context, imports, encoding)
      for (const name of ['root', 'olga', 'max', 'ann'] as const) {
        const { [name]: member } = world
        const isKept = (allowed as readonly string[]).includes(name)
        const place = { space: 'pub' }
        await member.does(at(createTask(`i-${name}`, { title: 'x' }, place), past, { createdOn: past }))
        const [modified, created] = await timesOf(member, Task, `i-${name}`)
        assert.deepEqual([before(modified), before(created)], [isKept, isKept], name)
        // Inside of others too, and never as somebody else.
        await member.does(
          applyIf({ txes: [at(createTask(`j-${name}`, { title: 'x' }, place), past)] }) as unknown as object,
        )
        assert.equal(before((await timesOf(member, Task, `j-${name}`))[0]), isKept, name)
        await member.does(at(updateTask(`i-${name}`, { title: 'y' }, place), past + 1))
        assert.equal(before((await timesOf(member, Task, `i-${name}`))[0]), isKept, name)
        const foreign = at(updateTask(`i-${name}`, { title: 'z' }, { ...place, by: 'account:bob' }), past)
        const { error } = await member.client.ask('tx', [foreign])
        assert.equal(error?.code, 'platform:status:Forbidden')
      }
      assert.equal(
        await world.gus.tries(at(createTask('g', { title: 'x' }, { space: 'pub' }), past)),
        'platform:status:Forbidden',
      )
    })

  test(`AUTH-23: an import brings no time to come, no wrong one, and none for the model, ${encoding}`, async (context) => {
    const { olga, root } = await importing(context, 'owners', encoding)
    const place = { space: 'pub' }
    const started = systemClock.now()
    for (const [id, future] of [
      ['f1', started + 86_400_000],
      ['f2', 8.64e15],
    ] as const) {
      await olga.does(at(createTask(id, { title: 'x' }, place), future, { createdOn: future }))
      for (const time of await timesOf(olga, Task, id))
        assert.ok(time >= started && time <= systemClock.now(), id)
    }
    for (const wrong of [1e300, '1', true, {}]) {
      assert.equal(await olga.tries(at(createTask('w', { title: 'x' }, place), wrong)), invalid)
      assert.equal(
        await olga.tries(at(createTask('w', { title: 'x' }, place), past, { createdOn: wrong })),
        invalid,
      )
    }
    const declared = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'note' }
    await olga.does(at(create('shop:class:Note', 'core:class:Class', declared, inModel), past))
    // The space that is named is not what decides.
    await olga.does(at(update('shop:class:Note', 'core:class:Class', { label: 'y' }, 'pub'), past))
    await olga.does(
      at(update('shop:class:Note', 'core:class:Class', { label: 'z' }, 'core:space:Space'), past),
    )
    const attribute = {
      attributeOf: 'shop:class:Note',
      name: 'n',
      label: 'n',
      type: { _class: 'core:class:TypeNumber' },
    }
    await olga.does(
      at(
        {
          ...create('shop:class:Note', 'core:class:Class', {}, inModel),
          _class: 'core:class:TxCollectionCUD',
          collection: 'attributes',
          tx: at(create('shop:attribute:n', 'core:class:Attribute', attribute, inModel), past),
        },
        past,
      ),
    )
    for (const [_class, id] of [
      ['core:class:Class', 'shop:class:Note'],
      ['core:class:Attribute', 'shop:attribute:n'],
    ] as const)
      for (const time of await timesOf(root, _class, id)) assert.ok(time >= started, `${id} ${time}`)
  })

  test(`AUTH-23: who is no owner any more imports no more, from the next transaction on, ${encoding}`, async (context) => {
    const { olga, root } = await importing(context, 'owners', encoding)
    const place = { space: 'pub' }
    const role = update(olga.account, 'core:class:Account', { role: 'USER' }, 'core:space:Model')
    await Promise.all([
      root.does(role),
      ...Array.from(
        { length: 20 },
        async (_, n) => await olga.does(at(createTask(`r${n}`, { title: 'x' }, place), past)),
      ),
    ])
    await olga.does(at(createTask('later', { title: 'x' }, place), past))
    assert.equal(before((await timesOf(root, Task, 'later'))[0]), false)
    // Pushes come in the order of the log.
    await root.client.waitForPush(({ objectId }) => objectId === 'later')
    const { pushes } = root.client
    const changed = pushes.findIndex(({ objectId }) => objectId === olga.account)
    const tasks = pushes.filter(({ objectId }) => /^r\d/.test(String(objectId)))
    assert.equal(tasks.length, 20)
    for (const tx of tasks) assert.equal(tx['modifiedOn'] === past, pushes.indexOf(tx) < changed)
  })
}
