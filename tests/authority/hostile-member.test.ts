import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'
import {
  attach,
  create,
  inEachSetting,
  Member,
  peopledWorld,
  remove,
  space,
  update,
  type World,
} from './members.ts'

const Task = 'board:class:Task'
const Space = 'core:class:Space'
const Account = 'core:class:Account'
const inSpaces = { space: 'core:space:Space' }
const inModel = { space: 'core:space:Model' }

const forbidden = 'platform:status:Forbidden'
const notFound = 'core:status:ObjectNotFound'
const mismatch = 'core:status:ObjectClassMismatch'
const invalid = 'core:status:InvalidTransaction'

type Scenario = (world: World, context: TestContext) => Promise<void>

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
        await max.tries(create(`a-${email}`, Account, { email, role: 'USER' }, inModel)),
        'platform:status:AccountExists',
      )
    assert.equal(
      await max.tries(create('a2', Account, { email: 'zoe', role: 'EMPEROR' }, inModel)),
      'core:status:InvalidAttribute',
    )
    assert.equal(await max.tries(create('a3', Account, { email: 'zoe', role: 'OWNER' }, inModel)), forbidden)
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

  'AUTH-5: the removal or update of what is not there, or not seen, has no effect of any kind': async ({
    bob,
    ann,
    root,
  }) => {
    const seq = (await root.find('core:class:TxCUD')).length
    const pushes = ann.client.pushes.length
    for (const id of ['own', 'nothing', 'hidden', 'pub'])
      for (const named of ['pub', 'own', 'core:space:Space'])
        assert.deepEqual(await bob.tries(remove(id, Task, { space: named })), {}, id)
    assert.deepEqual(await bob.tries(remove('own', Space, inSpaces)), {})
    assert.deepEqual(await bob.tries(remove('remark', 'board:class:Comment', { space: 'pub' })), {})
    for (const id of ['own', 'nothing', 'hidden'])
      assert.equal(await bob.tries(updateTask(id, { title: 'x' }, { space: 'pub' })), notFound)
    assert.deepEqual(await bob.ids(Task), ['shown'])
    assert.deepEqual(await bob.search('secret'), [])
    assert.deepEqual(await ann.ids(Task), ['hidden', 'shown'])
    assert.equal((await root.find('core:class:TxCUD')).length, seq)
    await ann.does(updateTask('shown', { rank: 'x' }, { space: 'pub' }))
    await ann.client.waitForPush(({ objectId }) => objectId === 'shown')
    const later = ann.client.pushes.slice(pushes).filter(({ _class }) => _class !== 'core:class:TxUpdateDoc')
    assert.deepEqual(later, [])
    assert.equal(await bob.tries(createTask('t9', { title: 'x' }, { space: 'own' })), notFound)
  },

  'AUTH-6: a space that holds documents goes with them or stays, and what was in it stays hidden': async ({
    ann,
    bob,
    root,
  }) => {
    const refusal = await ann.client.ask('tx', [
      { ...remove('own', Space, inSpaces), modifiedBy: ann.account },
    ])
    assert.deepEqual(
      [refusal.error?.code, refusal.error?.params],
      ['core:status:SpaceInUse', { _id: 'own', count: 2 }],
    )
    assert.deepEqual(await bob.ids(Task), ['shown'])
    assert.deepEqual(await ann.does(remove('own', Space, inSpaces, { cascade: true })), {})
    assert.deepEqual([await root.ids(Task), await root.ids('board:class:Comment')], [['shown'], []])
    for (const member of [bob, ann]) {
      assert.deepEqual(await member.search('secret'), [])
      assert.deepEqual(await member.ids('core:class:TxCUD', { objectSpace: 'own' }), [])
      assert.deepEqual(await member.ids('core:class:TxCUD', { objectId: 'own' }), [])
      assert.equal(await member.tries(space('own', false, [])), 'core:status:ObjectExists')
      assert.equal(await member.tries(createTask('t8', { title: 'x' }, { space: 'own' })), notFound)
    }
    await root.does(createTask('stray', { title: 'a secret stray' }, { space: 'never' }))
    for (const member of [bob, ann]) {
      assert.deepEqual(await member.ids(Task), ['shown'])
      assert.deepEqual(await member.search('stray'), [])
      assert.equal(await member.tries(space('never', true, [member.account])), 'core:status:ObjectExists')
    }
    await ann.does(space('empty', true, []))
    assert.equal(await ann.tries(createTask('t7', { title: 'x' }, { space: 'empty' })), notFound)
  },

  'AUTH-7: a document is attached where its parent is seen, declares the collection and takes its class':
    async ({ ann, bob, root }) => {
      const plain = (parent: string, fields: object, spaceId = 'pub') =>
        create(
          'k1',
          'board:class:Comment',
          { message: 'x', attachedTo: parent, attachedToClass: Task, collection: 'comments', ...fields },
          { space: spaceId },
        )
      const before = await root.find(Task)
      assert.equal(await bob.tries(plain('hidden', {})), notFound)
      assert.equal(await bob.tries(plain('nothing', {})), notFound)
      assert.equal(await bob.tries(attach('hidden', 'k1', { space: 'pub' })), notFound)
      assert.equal(await bob.tries(plain(ann.account, { attachedToClass: Account })), invalid)
      assert.equal(await bob.tries(plain('shown', { collection: 'anything' })), invalid)
      assert.equal(await bob.tries(plain('shown', { collection: 'title' })), invalid)
      assert.equal(
        await bob.tries(plain('shown', { attachedToClass: 'core:class:Nothing' })),
        'core:status:UnknownClass',
      )
      assert.equal(await bob.tries(attach('shown', 'k1', { space: 'pub' }, 'votes')), invalid)
      assert.equal(
        await bob.tries(attach('shown', 'k1', { space: 'open' })),
        'core:status:ObjectSpaceMismatch',
      )
      const task = createTask('k2', { title: 'x' }, { space: 'pub' })
      const wrongClass = change(
        'core:class:TxCollectionCUD',
        'shown',
        Task,
        { space: 'pub' },
        { collection: 'comments', tx: task },
      )
      assert.deepEqual(await bob.tries(wrongClass), {})
      assert.deepEqual(await root.find(Task, { _id: { $ne: 'k2' } }), before)
      assert.deepEqual(await bob.tries(attach('shown', 'k3', { space: 'pub' })), {})
      assert.equal((await bob.find<{ comments?: number }>(Task, { _id: 'shown' }))[0]?.comments, 1)
      for (const operations of [{ comments: 7 }, { $inc: { comments: 5 } }, { $unset: { comments: '' } }])
        assert.equal(await ann.tries(updateTask('shown', operations, { space: 'pub' })), invalid)
      assert.equal(await ann.tries(createTask('k4', { title: 'x', comments: 3 }, { space: 'pub' })), invalid)
      const move = { attachedTo: 'hidden' }
      assert.equal(await bob.tries(update('k3', 'board:class:Comment', move, 'pub')), notFound)
      assert.equal(
        await bob.tries(update('k3', 'board:class:Comment', { collection: 'other' }, 'pub')),
        invalid,
      )
      const within = change(
        'core:class:TxCollectionCUD',
        'k2',
        Task,
        { space: 'pub' },
        {
          collection: 'comments',
          tx: remove('k3', 'board:class:Comment', { space: 'pub' }),
        },
      )
      assert.equal(await bob.tries(within), invalid)
    },

  'AUTH-8: removing a document of an id removes nothing that is attached to another one of that id': async ({
    bob,
    ann,
  }) => {
    assert.deepEqual(await bob.tries(create('hidden', 'core:class:Preference', { theme: 'x' }, inSpaces)), {})
    assert.deepEqual(await bob.tries(remove('hidden', 'core:class:Preference', inSpaces)), {})
    assert.deepEqual(await ann.ids('board:class:Comment'), ['remark'])
  },

  'AUTH-9: the log shows what its reader sees of the innermost document, whatever it is asked for': async ({
    ann,
    bob,
    gus,
  }) => {
    await ann.does(create('mine', 'core:class:Preference', { theme: 'secret' }, inSpaces))
    await ann.does(update('mine', 'core:class:Preference', { theme: 'secret too' }))
    await ann.does(updateTask('hidden', { title: 'a secret word again' }, { space: 'own' }))
    await ann.does(attach('shown', 'open remark', { space: 'pub' }))
    for (const member of [bob, gus]) {
      for (const _class of ['Tx', 'TxCUD', 'TxCollectionCUD', 'TxCreateDoc', 'TxUpdateDoc']) {
        const found = JSON.stringify(await member.find(`core:class:${_class}`))
        for (const secret of ['secret', '"hidden"', '"remark"', '"mine"', '"own"'])
          assert.ok(!found.includes(secret), `${_class} shows ${secret}`)
      }
      assert.equal((await member.find('core:class:TxCollectionCUD')).length, 1)
    }
    assert.equal((await ann.find('core:class:TxCUD', { objectId: 'mine' })).length, 2)
    assert.equal((await ann.find('core:class:TxCollectionCUD')).length, 2)
  },

  'AUTH-10: owners of a space and maintainers decide over it, others take in and leave': async ({
    ann,
    bob,
    max,
  }) => {
    const attempts = [
      { private: true, members: [bob.account] },
      { members: [bob.account] },
      { $pull: { members: ann.account } },
      { owners: [bob.account] },
      { archived: true },
      { createdBy: bob.account },
      { space: 'open' },
    ]
    for (const operations of attempts)
      assert.equal(await bob.tries(update('pub', Space, operations)), forbidden, JSON.stringify(operations))
    assert.equal(await bob.tries(remove('pub', Space, { ...inSpaces }, { cascade: true })), forbidden)
    assert.deepEqual(await bob.tries(update('pub', Space, { description: 'ours' })), {})
    assert.deepEqual(await bob.tries(update('pub', Space, { $push: { members: max.account } })), {})
    assert.deepEqual(await bob.tries(update('pub', Space, { $pull: { members: bob.account } })), {})
    assert.deepEqual(await ann.tries(update('pub', Space, { owners: [ann.account, max.account] })), {})
    assert.deepEqual(await max.tries(update('pub', Space, { private: true })), {})
    assert.deepEqual(await bob.ids(Space), [])
    assert.deepEqual(await ann.ids(Space), ['own', 'pub'])
  },

  'AUTH-12: what one may not see answers like what is not there': async ({ bob, root }) => {
    const ask = async (tx: object) => {
      const { error, result } = await bob.client.ask('tx', [{ ...tx, modifiedBy: bob.account }])
      return JSON.stringify(error ?? result)
    }
    const pairs = ['hidden', 'absent'].map((id) => [
      updateTask(id, { title: 'x' }, { space: 'pub' }),
      updateTask(id, { 'a.b.0': { $bad: 1 } }, { space: 'pub' }),
      change(
        'core:class:TxMixin',
        id,
        Task,
        { space: 'pub' },
        { mixin: 'board:mixin:Estimated', attributes: { hours: 1 } },
      ),
      remove(id, Task, { space: 'pub' }),
      attach(id, 'some', { space: 'pub' }),
      { ...updateTask(id, { title: 'x' }, { space: 'pub' }), retrieve: true },
      applyIf({
        match: [{ _class: Task, query: { _id: id } }],
        txes: [createTask('made', { title: 'x' }, { space: 'pub' })],
      }),
    ])
    const [seen = [], absent = []] = pairs
    for (const [at, tx] of seen.entries())
      assert.equal((await ask(tx)).replaceAll('hidden', 'absent'), await ask(absent[at] ?? {}))
    const [entry] = await root.find('core:class:TxCreateDoc', { objectId: 'hidden' })
    for (const id of [String(entry?._id), 'absent'])
      assert.deepEqual(await bob.tries(remove(id, 'core:class:TxCreateDoc')), {})
    const { docs } = (await bob.client.request('searchFulltext', [{ query: 'word' }])) as { docs: object[] }
    assert.deepEqual(
      docs.map((hit) => 'score' in hit),
      [false],
    )
    assert.deepEqual(await root.search('word'), ['hidden', 'shown'])
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

await inEachSetting(({ name, encoding, flags }) => {
  for (const [title, scenario] of Object.entries(scenarios))
    test(`${title} (${name})`, async (context) => {
      await scenario(await peopledWorld(context, encoding, flags(context)), context)
    })
})
