import { expect } from '@jest/globals'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'
import { attach, create, describeScenarios, remove, type Scenario, space, update } from './members.ts'
import { expectFor } from '../support/expecting.ts'

const Task = 'board:class:Task'
const Space = 'core:class:Space'
const WorkspaceEvent = 'core:class:TxWorkspaceEvent'
const Account = 'core:class:Account'
const inSpaces = { space: 'core:space:Space' }

const forbidden = 'platform:status:Forbidden'
const notFound = 'core:status:ObjectNotFound'
const invalid = 'core:status:InvalidTransaction'

const scenarios: Record<string, Scenario> = {
  'AUTH-5: the removal or update of a document that does not exist, or is not visible, has no effect of any kind':
    async ({ bob, ann, root }) => {
      const seq = (await root.find('core:class:TxCUD')).length
      const pushes = ann.client.pushes.length
      for (const id of ['own', 'nothing', 'hidden', 'pub'])
        for (const named of ['pub', 'own', 'core:space:Space'])
          expectFor(id, await bob.tries(remove(id, Task, { space: named }))).toStrictEqual({})
      expect(await bob.tries(remove('own', Space, inSpaces))).toStrictEqual({})
      expect(await bob.tries(remove('remark', 'board:class:Comment', { space: 'pub' }))).toStrictEqual({})
      for (const id of ['own', 'nothing', 'hidden'])
        expect(await bob.tries(updateTask(id, { title: 'x' }, { space: 'pub' }))).toBe(notFound)
      expect(await bob.ids(Task)).toStrictEqual(['shown'])
      expect(await bob.search('secret')).toStrictEqual([])
      expect(await ann.ids(Task)).toStrictEqual(['hidden', 'shown'])
      expect(await root.find('core:class:TxCUD')).toHaveLength(seq)
      await ann.does(updateTask('shown', { rank: 'x' }, { space: 'pub' }))
      await ann.client.waitForPush(({ objectId }) => objectId === 'shown')
      // An announcement of what was indexed before may come late.
      const later = ann.client.pushes
        .slice(pushes)
        .filter(({ _class }) => _class !== 'core:class:TxUpdateDoc' && _class !== WorkspaceEvent)
      expect(later).toStrictEqual([])
      expect(await bob.tries(createTask('t9', { title: 'x' }, { space: 'own' }))).toBe(notFound)
    },

  'AUTH-6: a space that holds documents is removed with them or not at all, and its contents stay hidden':
    async ({ ann, bob, root }) => {
      const refusal = await ann.client.ask('tx', [
        { ...remove('own', Space, inSpaces), modifiedBy: ann.account },
      ])
      expect([refusal.error?.code, refusal.error?.params]).toStrictEqual([
        'core:status:SpaceInUse',
        { _id: 'own', count: 2 },
      ])
      expect(await bob.ids(Task)).toStrictEqual(['shown'])
      expect(await ann.does(remove('own', Space, inSpaces, { cascade: true }))).toStrictEqual({})
      expect([await root.ids(Task), await root.ids('board:class:Comment')]).toStrictEqual([['shown'], []])
      for (const member of [bob, ann]) {
        expect(await member.search('secret')).toStrictEqual([])
        expect(await member.ids('core:class:TxCUD', { objectSpace: 'own' })).toStrictEqual([])
        expect(await member.ids('core:class:TxCUD', { objectId: 'own' })).toStrictEqual([])
        expect(await member.tries(space('own', false, []))).toBe('core:status:ObjectExists')
        expect(await member.tries(createTask('t8', { title: 'x' }, { space: 'own' }))).toBe(notFound)
      }
      const stray = { title: 'a secret stray' }
      expect(await root.tries(createTask('stray', stray, { space: 'never' }))).toBe(notFound)
      await root.does(create('stray', 'test:class:Loose', stray, { space: 'never' }))
      for (const member of [bob, ann]) {
        expect(await member.ids('test:class:Loose')).toStrictEqual([])
        expect(await member.search('stray')).toStrictEqual([])
        expect(await member.tries(space('never', true, [member.account]))).toBe('core:status:ObjectExists')
      }
      await ann.does(space('empty', true, []))
      expect(await ann.tries(createTask('t7', { title: 'x' }, { space: 'empty' }))).toBe(notFound)
    },

  'AUTH-7: a document is attached where its parent is visible, declares the collection and accepts its class':
    async ({ ann, bob, root }) => {
      const plain = (parent: string, fields: object, spaceId = 'pub') =>
        create(
          'k1',
          'board:class:Comment',
          { message: 'x', attachedTo: parent, attachedToClass: Task, collection: 'comments', ...fields },
          { space: spaceId },
        )
      const before = await root.find(Task)
      expect(await bob.tries(plain('hidden', {}))).toBe(notFound)
      expect(await bob.tries(plain('nothing', {}))).toBe(notFound)
      expect(await bob.tries(attach('hidden', 'k1', { space: 'pub' }))).toBe(notFound)
      expect(await bob.tries(plain(ann.account, { attachedToClass: Account }))).toBe(invalid)
      expect(await bob.tries(plain('shown', { collection: 'anything' }))).toBe(invalid)
      expect(await bob.tries(plain('shown', { collection: 'title' }))).toBe(invalid)
      expect(await bob.tries(plain('shown', { attachedToClass: 'core:class:Nothing' }))).toBe(
        'core:status:UnknownClass',
      )
      expect(await bob.tries(attach('shown', 'k1', { space: 'pub' }, 'votes'))).toBe(invalid)
      expect(await bob.tries(attach('shown', 'k1', { space: 'open' }))).toBe(
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
      expect(await bob.tries(wrongClass)).toStrictEqual({})
      expect(await root.find(Task, { _id: { $ne: 'k2' } })).toStrictEqual(before)
      expect(await bob.tries(attach('shown', 'k3', { space: 'pub' }))).toStrictEqual({})
      expect((await bob.find<{ comments?: number }>(Task, { _id: 'shown' }))[0]?.comments).toBe(1)
      for (const operations of [{ comments: 7 }, { $inc: { comments: 5 } }, { $unset: { comments: '' } }])
        expect(await ann.tries(updateTask('shown', operations, { space: 'pub' }))).toBe(invalid)
      expect(await ann.tries(createTask('k4', { title: 'x', comments: 3 }, { space: 'pub' }))).toBe(invalid)
      const move = { attachedTo: 'hidden' }
      expect(await bob.tries(update('k3', 'board:class:Comment', move, 'pub'))).toBe(notFound)
      expect(await bob.tries(update('k3', 'board:class:Comment', { collection: 'other' }, 'pub'))).toBe(
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
      expect(await bob.tries(within)).toBe(invalid)
    },

  'AUTH-8: the removal of a document removes nothing that is attached to another document with the same id':
    async ({ bob, ann }) => {
      expect(
        await bob.tries(create('hidden', 'core:class:Preference', { theme: 'x' }, inSpaces)),
      ).toStrictEqual({})
      expect(await bob.tries(remove('hidden', 'core:class:Preference', inSpaces))).toStrictEqual({})
      expect(await ann.ids('board:class:Comment')).toStrictEqual(['remark'])
    },

  'AUTH-9: an entry of the log is visible to those who see its innermost document, whatever the query':
    async ({ ann, bob, gus }) => {
      await ann.does(create('mine', 'core:class:Preference', { theme: 'secret' }, inSpaces))
      await ann.does(update('mine', 'core:class:Preference', { theme: 'secret too' }))
      await ann.does(updateTask('hidden', { title: 'a secret word again' }, { space: 'own' }))
      await ann.does(attach('shown', 'open remark', { space: 'pub' }))
      for (const member of [bob, gus]) {
        for (const _class of ['Tx', 'TxCUD', 'TxCollectionCUD', 'TxCreateDoc', 'TxUpdateDoc']) {
          const found = JSON.stringify(await member.find(`core:class:${_class}`))
          for (const secret of ['secret', '"hidden"', '"remark"', '"mine"', '"own"'])
            expectFor(`${_class} shows ${secret}`, found).not.toContain(secret)
        }
        expect(await member.find('core:class:TxCollectionCUD')).toHaveLength(1)
      }
      expect(await ann.find('core:class:TxCUD', { objectId: 'mine' })).toHaveLength(2)
      expect(await ann.find('core:class:TxCollectionCUD')).toHaveLength(2)
    },

  'AUTH-10: the owners of a space and maintainers decide over it, and other members add members and leave':
    async ({ ann, bob, max }) => {
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
        expectFor(JSON.stringify(operations), await bob.tries(update('pub', Space, operations))).toBe(
          forbidden,
        )
      expect(await bob.tries(remove('pub', Space, { ...inSpaces }, { cascade: true }))).toBe(forbidden)
      expect(await bob.tries(update('pub', Space, { description: 'ours' }))).toStrictEqual({})
      expect(await bob.tries(update('pub', Space, { $push: { members: max.account } }))).toStrictEqual({})
      expect(await bob.tries(update('pub', Space, { $pull: { members: bob.account } }))).toStrictEqual({})
      expect(await ann.tries(update('pub', Space, { owners: [ann.account, max.account] }))).toStrictEqual({})
      expect(await max.tries(update('pub', Space, { private: true }))).toStrictEqual({})
      expect(await bob.ids(Space)).toStrictEqual([])
      expect(await ann.ids(Space)).toStrictEqual(['own', 'pub'])
    },

  'AUTH-12: a document that the caller may not see is answered like one that does not exist': async ({
    bob,
    root,
  }) => {
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
      expect((await ask(tx)).replaceAll('hidden', 'absent')).toBe(await ask(absent[at] ?? {}))
    const [entry] = await root.find('core:class:TxCreateDoc', { objectId: 'hidden' })
    for (const id of [String(entry?._id), 'absent'])
      expect(await bob.tries(remove(id, 'core:class:TxCreateDoc'))).toStrictEqual({})
    const { docs } = (await bob.client.request('searchFulltext', [{ query: 'word' }])) as { docs: object[] }
    expect(docs.map((hit) => 'score' in hit)).toStrictEqual([false])
    expect(await root.search('word')).toStrictEqual(['hidden', 'shown'])
  },
}

await describeScenarios(scenarios)
