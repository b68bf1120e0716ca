import assert from 'node:assert/strict'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'
import { attach, create, describeScenarios, remove, type Scenario, space, update } from './members.ts'

const Task = 'board:class:Task'
const Space = 'core:class:Space'
const Account = 'core:class:Account'
const inSpaces = { space: 'core:space:Space' }

const forbidden = 'platform:status:Forbidden'
const notFound = 'core:status:ObjectNotFound'
const invalid = 'core:status:InvalidTransaction'

const scenarios: Record<string, Scenario> = {
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
    const stray = { title: 'a secret stray' }
    assert.equal(await root.tries(createTask('stray', stray, { space: 'never' })), notFound)
    await root.does(create('stray', 'test:class:Loose', stray, { space: 'never' }))
    for (const member of [bob, ann]) {
      assert.deepEqual(await member.ids('test:class:Loose'), [])
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
}

await describeScenarios(scenarios)
