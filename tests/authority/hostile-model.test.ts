import { expect } from '@jest/globals'
import { applyIf, change, createTask } from '../support/transactions.ts'
import { create, describeScenarios, Member, remove, update } from './members.ts'
import { expectFor } from '../support/expecting.ts'

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
  'AUTH-2: a maintainer cannot take over an account by creating it again': async ({
    root,
    ann,
    max,
    server,
  }) => {
    await root.does(account('imported', 'imp@x'))
    await ann.does(update('own', 'core:class:Space', { $push: { members: 'imported' } }))
    const anew = applyIf({ txes: [remove('imported', Account, inModel), account('imported', 'max2@x')] })
    expect(await max.tries(anew)).toBe(forbidden)
    const max2 = await Member.enter(server, 'max2@x', 'json')
    expect(await max2.ids(Task)).toStrictEqual(['shown'])
  },

  'AUTH-2: two accounts of one email are not created in one transaction': async ({ root }) => {
    const txes = [account('a1', 'v@x'), account('a2', 'V@x', 'MAINTAINER')]
    expect(await root.tries(applyIf({ txes }))).toBe('platform:status:AccountExists')
    expect(await root.ids(Account, { email: { $in: ['v@x', 'V@x'] } })).toStrictEqual([])
    const swap = applyIf({
      txes: [account('a1', 'v@x'), remove('a1', Account, inModel), account('a2', 'V@x')],
    })
    await root.does(swap)
    expect(await root.ids(Account, { email: 'V@x' })).toStrictEqual(['a2'])
  },

  'AUTH-2: people cannot derive a class from the account class': async ({ max, server }) => {
    expect(await max.tries(classOf('app:class:Acc', { extends: Account }))).toBe(forbidden)
    await max.tries(create('sub', 'app:class:Acc', { email: 'zed', role: 'MAINTAINER' }, inModel))
    const zed = await Member.enter(server, 'zed', 'json')
    const { _id, role } = (await zed.client.request('getAccount')) as { _id: string; role: string }
    expect([_id, role]).toStrictEqual(['account:zed', 'USER'])
  },

  'AUTH-16: an invalid shape is refused, and other writes continue': async ({ max, ann }) => {
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
      expectFor(name, String(await max.tries(tx))).toMatch(/^(core|platform):status:(Inv|Bad|Unk|For)/)
    expect(await ann.tries(createTask('t1', { title: 'x' }, { space: 'pub' }))).toStrictEqual({})
  },

  'DOC-10: an enum of the application restricts the values of its attribute': async ({ max, ann }) => {
    await max.does(create('app:enum:E', 'core:class:Enum', { name: 'E', enumValues: ['a'] }, inModel))
    await max.does(
      attribute('app:e', { name: 'ee', type: { _class: 'core:class:EnumOf', of: 'app:enum:E' } }),
    )
    const task = (id: string, ee: string) => createTask(id, { title: 'x', ee }, { space: 'pub' })
    expect(await ann.tries(task('t1', 'a'))).toStrictEqual({})
    expect(await ann.tries(task('t2', 'z'))).toBe(invalid)
  },

  'AUTH-3: a mixin cannot have the name of an attribute that a module declares': async ({
    max,
    bob,
    ann,
  }) => {
    await max.tries(create('archived', 'core:class:Mixin', { kind: 2, label: 'x', extends: Task }, inModel))
    const fields = { mixin: 'archived', attributes: { a: 1 } }
    await bob.tries(change('core:class:TxMixin', 'shown', Task, { space: 'pub' }, fields))
    const [shown] = await ann.find<{ archived?: unknown }>(Task, { _id: 'shown' })
    expect(typeof shown?.archived).not.toBe('object')
  },

  'AUTH-16: the readers of a class are fixed, so that personal documents stay personal in the log': async ({
    ann,
    bob,
    max,
  }) => {
    await max.does(classOf('app:class:N', { domain: 'n', visibleTo: 'creator' }))
    await ann.does(create('n1', 'app:class:N', { text: 'ann’s diary' }, { space: 'pub' }))
    await ann.does(remove('n1', 'app:class:N', { space: 'pub' }))
    const readers = update('app:class:N', Class, { visibleTo: '' }, 'core:space:Model')
    expect(await max.tries(readers)).not.toStrictEqual({})
    const rest = applyIf({
      txes: [remove('app:class:N', Class, inModel), classOf('app:class:N', { domain: 'n' })],
    })
    expect(await max.tries(rest)).not.toStrictEqual({})
    expect(await bob.ids('core:class:TxCreateDoc', { objectId: 'n1' })).toStrictEqual([])
  },

  'AUTH-16: the ancestors of a class are fixed, so that a removed private space stays hidden': async ({
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
    expect(await max.tries(parents)).not.toStrictEqual({})
    expect(await bob.ids('core:class:TxCreateDoc', { objectId: 'r1' })).toStrictEqual([])
  },
})
