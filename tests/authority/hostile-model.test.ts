import assert from 'node:assert/strict'
import { applyIf, change, createTask } from '../support/transactions.ts'
import { create, describeScenarios, Member, remove, update } from './members.ts'

const Task = 'board:class:Task'
const Class = 'core:class:Class'
const Account = 'core:class:Account'
const inModel = { space: 'core:space:Model' }
const forbidden = 'platform:status:Forbidden'
const invalid = 'core:status:InvalidAttribute'
const account = (id: string, email: string, role = 'USER') => create(id, Account, { email, role }, inModel)
const classOf = (id: string, fields: object) =>
  create(id, Class, { kind: 0, label: id, extends: 'core:class:Doc', ...fields }, inModel)
const attribute = (id: string, fields: object) =>
  create(id, 'core:class:Attribute', { attributeOf: Task, label: 'x', ...fields }, inModel)

await describeScenarios({
  'AUTH-2: a maintainer takes nobody’s account over by making it anew': async ({
    root,
    ann,
    max,
    server,
  }) => {
    await root.does(account('imported', 'imp@x'))
    await ann.does(update('own', 'core:class:Space', { $push: { members: 'imported' } }))
    const anew = applyIf({ txes: [remove('imported', Account, inModel), account('imported', 'max2@x')] })
    assert.equal(await max.tries(anew), forbidden)
    const max2 = await Member.enter(server, 'max2@x', 'json')
    assert.deepEqual(await max2.ids(Task), ['shown'])
  },

  'AUTH-2: two accounts of one email are not made in one transaction': async ({ root }) => {
    const txes = [account('a1', 'v@x'), account('a2', 'V@x', 'MAINTAINER')]
    assert.equal(await root.tries(applyIf({ txes })), 'platform:status:AccountExists')
    assert.deepEqual(await root.ids(Account, { email: { $in: ['v@x', 'V@x'] } }), [])
    const swap = applyIf({
      txes: [account('a1', 'v@x'), remove('a1', Account, inModel), account('a2', 'V@x')],
    })
    await root.does(swap)
    assert.deepEqual(await root.ids(Account, { email: 'V@x' }), ['a2'])
  },

  'AUTH-2: people derive no class from the account’s': async ({ max, server }) => {
    assert.equal(await max.tries(classOf('app:class:Acc', { extends: Account })), forbidden)
    await max.tries(create('sub', 'app:class:Acc', { email: 'zed', role: 'MAINTAINER' }, inModel))
    const zed = await Member.enter(server, 'zed', 'json')
    const { _id, role } = (await zed.client.request('getAccount')) as { _id: string; role: string }
    assert.deepEqual([_id, role], ['account:zed', 'USER'])
  },

  'AUTH-16: a declared shape that nothing could follow is refused, and writing goes on': async ({
    max,
    ann,
  }) => {
    const type = { _class: 'core:class:TypeString' }
    const wrong = {
      'a default that does not fit': attribute('app:a', { name: 'foo', type, defaultValue: 5 }),
      'indexes that are a number': classOf('app:class:I', { domain: 'i', indexes: 5 }),
      'indexes of nothing': classOf('app:class:J', { domain: 'j', indexes: [null] }),
      'an index over a number': classOf('app:class:K', { domain: 'k', indexes: [[[5, 1]]] }),
      'a domain that is no string': classOf('app:class:L', { domain: 7 }),
      'readers that there are not': classOf('app:class:M', { domain: 'm', visibleTo: 'nobody' }),
    }
    for (const [name, tx] of Object.entries(wrong))
      assert.match(String(await max.tries(tx)), /^(core|platform):status:(Inv|Bad|Unk|For)/, name)
    assert.deepEqual(await ann.tries(createTask('t1', { title: 'x' }, { space: 'pub' })), {})
  },

  'DOC-10: an enum of the application says what its attribute takes': async ({ max, ann }) => {
    await max.does(create('app:enum:E', 'core:class:Enum', { name: 'E', enumValues: ['a'] }, inModel))
    await max.does(
      attribute('app:e', { name: 'ee', type: { _class: 'core:class:EnumOf', of: 'app:enum:E' } }),
    )
    const task = (id: string, ee: string) => createTask(id, { title: 'x', ee }, { space: 'pub' })
    assert.deepEqual(await ann.tries(task('t1', 'a')), {})
    assert.equal(await ann.tries(task('t2', 'z')), invalid)
  },

  'AUTH-3: a mixin does not take the name of an attribute that a module declares': async ({
    max,
    bob,
    ann,
  }) => {
    await max.tries(create('archived', 'core:class:Mixin', { kind: 2, label: 'x', extends: Task }, inModel))
    const fields = { mixin: 'archived', attributes: { a: 1 } }
    await bob.tries(change('core:class:TxMixin', 'shown', Task, { space: 'pub' }, fields))
    const [shown] = await ann.find<{ archived?: unknown }>(Task, { _id: 'shown' })
    assert.notEqual(typeof shown?.archived, 'object')
  },

  'AUTH-16: who reads a class is fixed, so that what was personal stays so in the log': async ({
    ann,
    bob,
    max,
  }) => {
    await max.does(classOf('app:class:N', { domain: 'n', visibleTo: 'creator' }))
    await ann.does(create('n1', 'app:class:N', { text: 'ann’s diary' }, { space: 'pub' }))
    await ann.does(remove('n1', 'app:class:N', { space: 'pub' }))
    const readers = update('app:class:N', Class, { visibleTo: '' }, 'core:space:Model')
    assert.notDeepEqual(await max.tries(readers), {})
    const rest = applyIf({
      txes: [remove('app:class:N', Class, inModel), classOf('app:class:N', { domain: 'n' })],
    })
    assert.notDeepEqual(await max.tries(rest), {})
    assert.deepEqual(await bob.ids('core:class:TxCreateDoc', { objectId: 'n1' }), [])
  },

  'AUTH-16: what a class derives from is fixed, so that a removed private space stays hidden': async ({
    ann,
    bob,
    max,
  }) => {
    await max.does(classOf('app:class:R', { extends: 'core:class:Space' }))
    const secret = {
      name: 'a secret plan',
      description: '',
      private: true,
      members: [ann.account],
      archived: false,
    }
    await ann.does(create('r1', 'app:class:R', secret, { space: 'core:space:Space' }))
    await ann.does(remove('r1', 'app:class:R', { space: 'core:space:Space' }))
    const parents = update('app:class:R', Class, { extends: 'core:class:Doc' }, 'core:space:Model')
    assert.notDeepEqual(await max.tries(parents), {})
    assert.deepEqual(await bob.ids('core:class:TxCreateDoc', { objectId: 'r1' }), [])
  },
})
