import { expect, test } from '@jest/globals'
import { systemClock } from '../../model/clock.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { create, inEachSetting, Member, peopledWorld, update } from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, comment, createTask, updateTask } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'

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
  test(`WIRE-212: backup, upgrade and system sessions keep the times that they send, ${name}`, async () => {
    const { url, token } = await testServer(flags(), { fakeTime: true })
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
      expectFor(kind, [remark?.modifiedOn, remark?.modifiedBy]).toStrictEqual([past + 7, by])
      expectFor(kind, [task?.createdOn, task?.modifiedBy]).toStrictEqual([past - 1, by])
      for (const wrong of ['2009', 1e300, -1e300, true, {}, []]) {
        const { error } = await tool.ask('tx', [at(updateTask(`t-${kind}`, { title: 'z' }), wrong)])
        expectFor(`${kind} ${JSON.stringify(wrong)}`, error?.code).toBe(invalid)
      }
      // Before 1970, fractions of a millisecond, and the largest date.
      for (const odd of [-1, 0, 1.5, -0.25, 8.64e15]) {
        await tool.request('tx', [at(updateTask(`t-${kind}`, { title: `${odd}` }), odd)])
        const [found] = (await tool.request('findAll', [Task, { _id: `t-${kind}` }])) as Timed[]
        expect(found?.modifiedOn).toBe(odd)
      }
      const none = updateTask(`t-${kind}`, { title: 'no time' }) as object
      await tool.request('tx', [{ ...none, modifiedOn: undefined }])
      const [found] = (await tool.request('findAll', [Task, { _id: `t-${kind}` }])) as Timed[]
      expect(found?.modifiedOn).toBe(now)
      await tool.close()
    }
    const user = await Member.enter({ url, token }, 'ann', encoding)
    expect(await timesOf(user, Task, 'a1')).toStrictEqual([now, now])
  })
})

async function importing(imports: string, encoding: 'json' | 'packed', flags: Flags = {}) {
  return await peopledWorld(encoding, { ...flags, ...(imports === '' ? {} : { imports }) })
}

const before = (time: number | undefined) => (time ?? Infinity) <= past + 1

for (const encoding of ['json', 'packed'] as const) {
  for (const [imports, allowed] of [
    ['', []],
    ['nobody', []],
    ['owners', ['olga', 'root']],
    ['maintainers', ['olga', 'max', 'root']],
  ] as const)
    test(`AUTH-23: with imports of ${imports || 'the default'} the times of ${allowed.join(', ') || 'nobody'} are kept, ${encoding}`, async () => {
      const world = await importing(imports, encoding)
      for (const name of ['root', 'olga', 'max', 'ann'] as const) {
        const { [name]: member } = world
        const isKept = (allowed as readonly string[]).includes(name)
        const place = { space: 'pub' }
        await member.does(at(createTask(`i-${name}`, { title: 'x' }, place), past, { createdOn: past }))
        const [modified, created] = await timesOf(member, Task, `i-${name}`)
        expectFor(name, [before(modified), before(created)]).toStrictEqual([isKept, isKept])
        // Also inside other transactions, and never as another account.
        await member.does(
          applyIf({ txes: [at(createTask(`j-${name}`, { title: 'x' }, place), past)] }) as unknown as object,
        )
        expectFor(name, before((await timesOf(member, Task, `j-${name}`))[0])).toBe(isKept)
        await member.does(at(updateTask(`i-${name}`, { title: 'y' }, place), past + 1))
        expectFor(name, before((await timesOf(member, Task, `i-${name}`))[0])).toBe(isKept)
        const foreign = at(updateTask(`i-${name}`, { title: 'z' }, { ...place, by: 'account:bob' }), past)
        const { error } = await member.client.ask('tx', [foreign])
        expect(error?.code).toBe('platform:status:Forbidden')
      }
      expect(await world.gus.tries(at(createTask('g', { title: 'x' }, { space: 'pub' }), past))).toBe(
        'platform:status:Forbidden',
      )
    })

  test(`AUTH-23: an import has no future time, no invalid one, and none for the model, ${encoding}`, async () => {
    const { olga, root } = await importing('owners', encoding)
    const place = { space: 'pub' }
    const started = systemClock.now()
    for (const [id, future] of [
      ['f1', started + 86_400_000],
      ['f2', 8.64e15],
    ] as const) {
      await olga.does(at(createTask(id, { title: 'x' }, place), future, { createdOn: future }))
      for (const time of await timesOf(olga, Task, id))
        expectFor(id, time >= started && time <= systemClock.now()).toBe(true)
    }
    for (const wrong of [1e300, '1', true, {}]) {
      expect(await olga.tries(at(createTask('w', { title: 'x' }, place), wrong))).toBe(invalid)
      expect(await olga.tries(at(createTask('w', { title: 'x' }, place), past, { createdOn: wrong }))).toBe(
        invalid,
      )
    }
    const declared = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'note' }
    await olga.does(at(create('shop:class:Note', 'core:class:Class', declared, inModel), past))
    // The named space is not decisive.
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
      for (const time of await timesOf(root, _class, id))
        expectFor(`${id} ${time}`, time).toBeGreaterThanOrEqual(started)
  })

  test(`AUTH-23: an owner that loses its role can no longer import, from the next transaction on, ${encoding}`, async () => {
    const { olga, root } = await importing('owners', encoding)
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
    expect(before((await timesOf(root, Task, 'later'))[0])).toBe(false)
    // Pushes come in the order of the log.
    await root.client.waitForPush(({ objectId }) => objectId === 'later')
    const { pushes } = root.client
    const changed = pushes.findIndex(({ objectId }) => objectId === olga.account)
    const tasks = pushes.filter(({ objectId }) => /^r\d/.test(String(objectId)))
    expect(tasks).toHaveLength(20)
    for (const tx of tasks) expect(tx['modifiedOn'] === past).toBe(pushes.indexOf(tx) < changed)
  })
}
