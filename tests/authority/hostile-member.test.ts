import { expect } from '@jest/globals'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { create, describeScenarios, Member, remove, type Scenario, space, update } from './members.ts'
import { expectFor, expectThat } from '../support/expecting.ts'

const Task = 'board:class:Task'
const Space = 'core:class:Space'
const Account = 'core:class:Account'
const inSpaces = { space: 'core:space:Space' }
const inModel = { space: 'core:space:Model' }

const forbidden = 'platform:status:Forbidden'
const mismatch = 'core:status:ObjectClassMismatch'
const invalid = 'core:status:InvalidTransaction'

const scenarios: Record<string, Scenario> = {
  'AUTH-1: a transaction that names a class its document does not have is refused, and changes no account':
    async ({ bob, ann, root }) => {
      const before = await root.find(Account)
      for (const _class of ['core:class:Configuration', 'core:class:Version', 'core:class:Class'])
        for (const target of [bob.account, ann.account, root.account]) {
          expect(await bob.tries(update(target, _class, { role: 'OWNER' }, 'core:space:Model'))).toBe(
            mismatch,
          )
          expect(await bob.tries(update(target, _class, { email: 'bob' }, 'core:space:Model'))).toBe(mismatch)
          expect(await bob.tries(remove(target, _class, inModel))).toBe(mismatch)
        }
      const nested = applyIf({ txes: [update(bob.account, 'core:class:Configuration', { role: 'OWNER' })] })
      expect(await bob.tries(nested)).toBe(mismatch)
      expect(await bob.tries(update(bob.account, Account, { role: 'OWNER' }, 'core:space:Model'))).toBe(
        forbidden,
      )
      expect(await bob.tries(update(bob.account, Account, { email: 'ann' }, 'core:space:Model'))).toBe(
        forbidden,
      )
      const away = update(bob.account, Account, { space: 'pub' }, 'core:space:Model')
      expect(await bob.tries(away)).toBe(invalid)
      expect(await root.find(Account)).toStrictEqual(before)
    },

  'AUTH-2: only documents of the account class are accounts, and an email has one account': async ({
    server,
    root,
    bob,
    max,
    ann,
  }) => {
    const claim = { email: 'eve', role: 'OWNER', enabled: true }
    expect(await bob.tries(create('c1', 'core:class:Configuration', claim, inModel))).toBe(forbidden)
    expect(await max.tries(create('c1', 'core:class:Configuration', claim, inModel))).toStrictEqual({})
    const eve = await Member.enter(server, 'eve', 'json')
    const own = (await eve.client.request('getAccount')) as { _id: string; role: string }
    expect([own._id, own.role]).toStrictEqual(['account:eve', 'USER'])
    for (const email of ['ann', 'ANN', 'ａｎｎ'])
      expect(await root.tries(create(`a-${email}`, Account, { email, role: 'USER' }, inModel))).toBe(
        'platform:status:AccountExists',
      )
    expect(await root.tries(create('a2', Account, { email: 'zoe', role: 'EMPEROR' }, inModel))).toBe(
      'core:status:InvalidAttribute',
    )
    for (const role of ['USER', 'OWNER'])
      expect(await max.tries(create('a3', Account, { email: 'zoe', role }, inModel))).toBe(forbidden)
    expect(((await ann.client.request('getAccount')) as { _id: string })._id).toBe('account:ann')
  },

  'AUTH-3: declarations of the server and its modules are immutable, whoever changes them': async ({
    server,
    root,
    olga,
    max,
    bob,
    ann,
  }) => {
    const hash = async () => ((await root.client.request('loadModel', [0, ''])) as { hash: string }).hash
    const before = await hash()
    const attacks = [
      remove('module:class:TriggerCursor', 'core:class:Class', inModel),
      remove('core:class:Account', 'core:class:Class', inModel),
      update(Task, 'core:class:Class', { domain: 'elsewhere' }, 'core:space:Model'),
      update(Task, 'core:class:Class', { visibleTo: 'creator' }, 'core:space:Model'),
      update('board:attribute:Task.title', 'core:class:Attribute', { required: false }, 'core:space:Model'),
      update('core:class:Preference', 'core:class:Class', { $unset: { visibleTo: '' } }, 'core:space:Model'),
      update('board:enum:Status', 'core:class:Enum', { enumValues: ['odd'] }, 'core:space:Model'),
      remove('board:enum:Status', 'core:class:Enum', inModel),
      update('board:mixin:Estimated', 'core:class:Mixin', { extends: 'core:class:Doc' }, 'core:space:Model'),
      attribute('x1', 'core:class:Account', 'nickname', { required: true }),
      attribute('x2', 'core:class:Doc', 'extra', {}),
      attribute('x3', Task, 'title', { type: { _class: 'core:class:TypeNumber' } }),
      attribute('x4', Task, 'needed', { required: true }),
      create(
        'board:class:Later',
        'core:class:Class',
        { kind: 0, label: 'x', extends: 'core:class:Doc' },
        inModel,
      ),
    ]
    for (const member of [bob, max, olga, root])
      for (const attack of attacks) {
        const isLate = 'objectId' in attack && attack.objectId === 'board:class:Later' && member === root
        if (!isLate)
          expectFor(`${member.name}: ${JSON.stringify(attack)}`, await member.tries(attack)).toBe(forbidden)
      }
    expect(await hash()).toBe(before)
    const late = await Member.enter(server, 'late', 'json')
    expect(await late.ids(Task)).toStrictEqual(['shown'])
    await ann.does(create('mine', 'core:class:Preference', { theme: 'dark' }, inSpaces))
    expect(await late.ids('core:class:Preference')).toStrictEqual([])
  },

  'AUTH-4: people do not create ids of the server, and its spaces are visible to everyone': async ({
    olga,
    bob,
    ann,
  }) => {
    const ids = [
      'core:space:Space',
      'core:space:Tx',
      'core:space:Model',
      'core:space:DerivedTx',
      'core:space:Other',
    ]
    for (const member of [bob, olga])
      for (const id of [...ids, 'module:x:y', 'atrium:x', 'account:victim', 'trigger:board.x', 'migration:x'])
        expectFor(id, await member.tries(space(id, true, [member.account]))).toBe(forbidden)
    expect(await ann.ids(Space)).toStrictEqual(['own', 'pub'])
    expect(await bob.ids(Space)).toStrictEqual(['pub'])
  },

  'AUTH-13: guests change nothing, and nobody acts for another account': async ({ ann, bob, gus, max }) => {
    const notify = applyIf({ txes: [], extraNotify: [Task] })
    expect(await gus.tries(notify)).toBe(forbidden)
    expect(await bob.tries(notify)).toStrictEqual({ success: true, derived: [] })
    expect(await gus.tries(createTask('g1', { title: 'x' }, { space: 'pub' }))).toBe(forbidden)
    expect(await gus.tries(update(gus.account, Account, { nickname: 'x' }, 'core:space:Model'))).toBe(
      forbidden,
    )
    const status = (user: string) => create('s1', 'core:class:UserStatus', { online: true, user }, inSpaces)
    expect(await bob.tries(status(ann.account))).toBe(forbidden)
    const [online] = await bob.find<{ user: string }>('core:class:UserStatus', { user: ann.account })
    expectThat(online !== undefined)
    expect(await bob.tries(update(online._id, 'core:class:UserStatus', { online: false }))).toBe(forbidden)
    expect(await bob.tries(remove(online._id, 'core:class:UserStatus', inSpaces))).toBe(forbidden)
    const hidden = { ...createTask('d1', { title: 'x' }, { space: 'pub' }), space: 'core:space:DerivedTx' }
    expect(await bob.tries(hidden)).toBe(forbidden)
    const cursor = create('c1', 'module:class:TriggerCursor', { seq: 1, epoch: 'x' }, inSpaces)
    for (const member of [bob, max]) expect(await member.tries(cursor)).toBe(forbidden)
    expect(await bob.tries(updateTask('shown', { createdBy: bob.account }, { space: 'pub' }))).toBe(forbidden)
    expect(
      bob.client.pushes.some((tx) => tx['_class'] === 'core:class:TxWorkspaceEvent' && tx['event'] === 5),
    ).toBe(false)
  },

  'AUTH-16: a class that has documents keeps its domain, readers and ancestors, except for upgrade tools':
    async ({ server, max, ann }) => {
      const note = 'shop:class:Note'
      const declared = { kind: 0, label: 'Note', extends: 'core:class:Doc', domain: 'note' }
      expect(await ann.tries(create(note, 'core:class:Class', declared, inModel))).toBe(forbidden)
      await max.does(create(note, 'core:class:Class', declared, inModel))
      await ann.does(create('n1', note, { text: 'x' }, { space: 'pub' }))
      const attempts = [
        update(note, 'core:class:Class', { domain: 'other' }, 'core:space:Model'),
        update(note, 'core:class:Class', { visibleTo: 'creator' }, 'core:space:Model'),
        update(note, 'core:class:Class', { extends: Task }, 'core:space:Model'),
        remove(note, 'core:class:Class', inModel),
        attribute('shop:attribute:Note.text', note, 'text', { required: true }),
      ]
      for (const attempt of attempts)
        expectFor(JSON.stringify(attempt), await max.tries(attempt)).toBe('core:status:ModelInUse')
      expect(
        await max.tries(create('shop:class:Log', 'core:class:Class', { ...declared, domain: 'tx' }, inModel)),
      ).toBe(forbidden)
      expect(await max.tries(attribute('shop:attribute:Note.size', note, 'size', {}))).toStrictEqual({})
      expect(await ann.ids(note)).toStrictEqual(['n1'])
      const late = await Member.enter(server, 'late', 'json')
      expect(await late.ids(note)).toStrictEqual(['n1'])
    },
}

function attribute(id: string, attributeOf: string, name: string, fields: object): object {
  const declared = { attributeOf, name, label: name, type: { _class: 'core:class:TypeString' }, ...fields }
  return create(id, 'core:class:Attribute', declared, inModel)
}

await describeScenarios(scenarios)
