import assert from 'node:assert/strict'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { create, describeScenarios, Member, remove, type Scenario, space, update } from './members.ts'

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
          assert.equal(
            await bob.tries(update(target, _class, { role: 'OWNER' }, 'core:space:Model')),
            mismatch,
          )
          assert.equal(
            await bob.tries(update(target, _class, { email: 'bob' }, 'core:space:Model')),
            mismatch,
          )
          assert.equal(await bob.tries(remove(target, _class, inModel)), mismatch)
        }
      const nested = applyIf({ txes: [update(bob.account, 'core:class:Configuration', { role: 'OWNER' })] })
      assert.equal(await bob.tries(nested), mismatch)
      assert.equal(
        await bob.tries(update(bob.account, Account, { role: 'OWNER' }, 'core:space:Model')),
        forbidden,
      )
      assert.equal(
        await bob.tries(update(bob.account, Account, { email: 'ann' }, 'core:space:Model')),
        forbidden,
      )
      const away = update(bob.account, Account, { space: 'pub' }, 'core:space:Model')
      assert.equal(await bob.tries(away), invalid)
      assert.deepEqual(await root.find(Account), before)
    },

  'AUTH-2: only documents of the account class are accounts, and one email has one': async ({
    server,
    root,
    bob,
    max,
    ann,
  }) => {
    const claim = { email: 'eve', role: 'OWNER', enabled: true }
    assert.equal(await bob.tries(create('c1', 'core:class:Configuration', claim, inModel)), forbidden)
    assert.deepEqual(await max.tries(create('c1', 'core:class:Configuration', claim, inModel)), {})
    const eve = await Member.enter(server, 'eve', 'json')
    const own = (await eve.client.request('getAccount')) as { _id: string; role: string }
    assert.deepEqual([own._id, own.role], ['account:eve', 'USER'])
    for (const email of ['ann', 'ANN', 'ａｎｎ'])
      assert.equal(
        await root.tries(create(`a-${email}`, Account, { email, role: 'USER' }, inModel)),
        'platform:status:AccountExists',
      )
    assert.equal(
      await root.tries(create('a2', Account, { email: 'zoe', role: 'EMPEROR' }, inModel)),
      'core:status:InvalidAttribute',
    )
    for (const role of ['USER', 'OWNER'])
      assert.equal(await max.tries(create('a3', Account, { email: 'zoe', role }, inModel)), forbidden)
    assert.equal(((await ann.client.request('getAccount')) as { _id: string })._id, 'account:ann')
  },

  'AUTH-3: what the server and its modules declare stays as declared, whoever changes it': async ({
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
          assert.equal(await member.tries(attack), forbidden, `${member.name}: ${JSON.stringify(attack)}`)
      }
    assert.equal(await hash(), before)
    const late = await Member.enter(server, 'late', 'json')
    assert.deepEqual(await late.ids(Task), ['shown'])
    await ann.does(create('mine', 'core:class:Preference', { theme: 'dark' }, inSpaces))
    assert.deepEqual(await late.ids('core:class:Preference'), [])
  },

  'AUTH-4: ids of the server are not taken by people, and its spaces are seen by everyone': async ({
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
        assert.equal(await member.tries(space(id, true, [member.account])), forbidden, id)
    assert.deepEqual(await ann.ids(Space), ['own', 'pub'])
    assert.deepEqual(await bob.ids(Space), ['pub'])
  },

  'AUTH-13: guests change nothing, and nobody speaks for another': async ({ ann, bob, gus, max }) => {
    const notify = applyIf({ txes: [], extraNotify: [Task] })
    assert.equal(await gus.tries(notify), forbidden)
    assert.deepEqual(await bob.tries(notify), { success: true, derived: [] })
    assert.equal(await gus.tries(createTask('g1', { title: 'x' }, { space: 'pub' })), forbidden)
    assert.equal(
      await gus.tries(update(gus.account, Account, { nickname: 'x' }, 'core:space:Model')),
      forbidden,
    )
    const status = (user: string) => create('s1', 'core:class:UserStatus', { online: true, user }, inSpaces)
    assert.equal(await bob.tries(status(ann.account)), forbidden)
    const [online] = await bob.find<{ user: string }>('core:class:UserStatus', { user: ann.account })
    assert.ok(online !== undefined)
    assert.equal(await bob.tries(update(online._id, 'core:class:UserStatus', { online: false })), forbidden)
    assert.equal(await bob.tries(remove(online._id, 'core:class:UserStatus', inSpaces)), forbidden)
    const hidden = { ...createTask('d1', { title: 'x' }, { space: 'pub' }), space: 'core:space:DerivedTx' }
    assert.equal(await bob.tries(hidden), forbidden)
    const cursor = create('c1', 'module:class:TriggerCursor', { seq: 1, epoch: 'x' }, inSpaces)
    for (const member of [bob, max]) assert.equal(await member.tries(cursor), forbidden)
    assert.equal(
      await bob.tries(updateTask('shown', { createdBy: bob.account }, { space: 'pub' })),
      forbidden,
    )
    assert.ok(
      !bob.client.pushes.some((tx) => tx['_class'] === 'core:class:TxWorkspaceEvent' && tx['event'] === 5),
    )
  },

  'AUTH-16: a class that has documents keeps its domain, its readers and its place, for all but upgrade tools':
    async ({ server, max, ann }) => {
      const note = 'shop:class:Note'
      const declared = { kind: 0, label: 'Note', extends: 'core:class:Doc', domain: 'note' }
      assert.equal(await ann.tries(create(note, 'core:class:Class', declared, inModel)), forbidden)
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
        assert.equal(await max.tries(attempt), 'core:status:ModelInUse', JSON.stringify(attempt))
      assert.equal(
        await max.tries(create('shop:class:Log', 'core:class:Class', { ...declared, domain: 'tx' }, inModel)),
        forbidden,
      )
      assert.deepEqual(await max.tries(attribute('shop:attribute:Note.size', note, 'size', {})), {})
      assert.deepEqual(await ann.ids(note), ['n1'])
      const late = await Member.enter(server, 'late', 'json')
      assert.deepEqual(await late.ids(note), ['n1'])
    },
}

function attribute(id: string, attributeOf: string, name: string, fields: object): object {
  const declared = { attributeOf, name, label: name, type: { _class: 'core:class:TypeString' }, ...fields }
  return create(id, 'core:class:Attribute', declared, inModel)
}

await describeScenarios(scenarios)
