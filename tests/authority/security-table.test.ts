import { describe, expect, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root as checkout } from '../support/root.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { attach, create, type Member, peopledWorld, remove, space, update, type World } from './members.ts'
import { expectFor, expectThat } from '../support/expecting.ts'

const Space = 'core:class:Space'
const Account = 'core:class:Account'
const inSpaces = { space: 'core:space:Space' }
const inModel = { space: 'core:space:Model' }

type Action = (member: Member, world: World) => Promise<boolean>

/** Whether it was carried out: the result is `{}` or the retrieved document, and not a code. */
const does =
  (make: (member: Member, world: World) => object): Action =>
  async (member, world) =>
    typeof (await member.tries(make(member, world))) === 'object'

const role = (of: (world: World) => Member, given: string) =>
  does((_member, world) => update(of(world).account, Account, { role: given }, 'core:space:Model'))

const actions: Record<string, Action> = {
  'read a document in a public space': async (member) =>
    (await member.ids('board:class:Task')).includes('shown'),
  'read a document in a private space without being a member': async (member) =>
    (await member.ids('board:class:Task')).includes('hidden'),
  'read a personal document of somebody else': async (member) =>
    (await member.ids('core:class:Preference')).includes('mine'),
  'create a document in a public space': does(() => createTask('made', { title: 'x' }, { space: 'pub' })),
  'change a document in a public space that somebody else created': does(() =>
    updateTask('shown', { title: 'x' }, { space: 'pub' }),
  ),
  'remove a document in a public space that somebody else created': does(() =>
    remove('shown', 'board:class:Task', { space: 'pub' }),
  ),
  'change a document in a private space without being a member': does(() =>
    updateTask('hidden', { title: 'x' }, { space: 'own' }),
  ),
  'change a personal document of somebody else': does(() =>
    update('mine', 'core:class:Preference', { theme: 'x' }),
  ),
  'attach a comment to a visible document': does(() => attach('shown', 'said', { space: 'pub' })),
  'attach a comment to a document that is not visible': does(() =>
    attach('hidden', 'said', { space: 'own' }),
  ),
  'set the counter of a collection': does(() => updateTask('shown', { comments: 9 }, { space: 'pub' })),
  'change who created a document': does((member) =>
    updateTask('shown', { createdBy: member.account }, { space: 'pub' }),
  ),
  'create a space': does((member) => space('new', true, [member.account])),
  'rename a public space of somebody else': does(() => update('pub', Space, { name: 'other' })),
  'add a member to a public space of somebody else': does((_member, { max }) =>
    update('pub', Space, { $push: { members: max.account } }),
  ),
  'leave a space': does((member) => update('pub', Space, { $pull: { members: member.account } })),
  'remove another member from a space of somebody else': does(({ account }, { ann, bob }) =>
    update('pub', Space, { $pull: { members: account === ann.account ? bob.account : ann.account } }),
  ),
  'make a public space of somebody else private': does(() => update('pub', Space, { private: true })),
  'remove an empty space of somebody else': does(() => remove('empty', Space, inSpaces)),
  'create a document with an id of the server': does(() =>
    createTask('core:task:x', { title: 'x' }, { space: 'pub' }),
  ),
  'create a class of the application': does(() => declaredClass('shop:class:Order', 'order')),
  'add an optional attribute to a class of a module': does(() => attribute('board:class:Task', 'size')),
  'change a class that the server or a module declares': does(() =>
    update('board:class:Task', 'core:class:Class', { label: 'x' }, 'core:space:Model'),
  ),
  'change the domain of a class that has documents': does(() =>
    update('shop:class:Note', 'core:class:Class', { domain: 'other' }, 'core:space:Model'),
  ),
  'change who sees the documents of a class': does(() =>
    update('shop:class:Note', 'core:class:Class', { visibleTo: 'creator' }, 'core:space:Model'),
  ),
  'derive a class from the account’s': does(() =>
    create('shop:class:Person', 'core:class:Class', { kind: 0, label: 'x', extends: Account }, inModel),
  ),
  'create a configuration document': does(() =>
    create('shop:configuration:x', 'core:class:Configuration', { enabled: true }, inModel),
  ),
  'make a user a maintainer': role(({ ann }) => ann, 'MAINTAINER'),
  'make a user an owner': role(({ ann }) => ann, 'OWNER'),
  'take the role of an owner away': role(({ root }) => root, 'USER'),
  'change the email of an account': does((_member, { ann }) =>
    update(ann.account, Account, { email: 'other' }, 'core:space:Model'),
  ),
  'create an account document': does(() =>
    create('account:new', Account, { email: 'new', role: 'USER' }, inModel),
  ),
  'remove the account document of somebody else': does((_member, { ann }) =>
    remove(ann.account, Account, inModel),
  ),
  'change the online status of somebody else': async (member, { ann, root }) => {
    const [status] = await root.find('core:class:UserStatus', { user: ann.account })
    expectThat(status !== undefined)
    return (
      typeof (await member.tries(update(status._id, 'core:class:UserStatus', { online: false }))) === 'object'
    )
  },
  'announce an event to everyone': does(() => ({
    _id: `event-${Math.random()}`,
    _class: 'core:class:TxWorkspaceEvent',
    space: 'core:space:Tx',
    objectSpace: 'core:space:Tx',
    modifiedOn: 1,
    event: 5,
    params: {},
  })),
}
function declaredClass(id: string, domain: string): object {
  return create(id, 'core:class:Class', { kind: 0, label: 'x', extends: 'core:class:Doc', domain }, inModel)
}

function attribute(attributeOf: string, name: string): object {
  const type = { _class: 'core:class:TypeNumber' }
  return create(
    `shop:attribute:${name}`,
    'core:class:Attribute',
    { attributeOf, name, label: name, type },
    inModel,
  )
}

interface Row {
  action: string
  cells: string[]
}

async function tableOf(): Promise<{ roles: string[]; rows: Row[] }> {
  const page = await readFile(join(checkout, 'docs', 'security.md'), 'utf8')
  const [, section = ''] = page.split('\n## Who may do what\n')
  const [table = ''] = section.split('\n## ')
  const lines = table.split('\n').filter((line) => line.startsWith('|'))
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
  return { roles: head.slice(1), rows: rows.map(([action = '', ...cells]) => ({ action, cells })) }
}

const members: Record<string, (world: World) => Member> = {
  GUEST: ({ gus }) => gus,
  USER: ({ bob }) => bob,
  MAINTAINER: ({ max }) => max,
  OWNER: ({ olga }) => olga,
  administrator: ({ root }) => root,
}

const { roles, rows } = await tableOf()

describe('the table of permissions', () => {
  test('AUTH-19: the table contains each tested role and action', () => {
    expect(roles).toStrictEqual(Object.keys(members))
    expect(rows.map(({ action }) => action).sort()).toStrictEqual(Object.keys(actions).sort())
  })

  test.each(rows)('AUTH-19: the table states which roles may $action', async ({ action, cells }) => {
    for (const [at, role] of roles.entries()) {
      // A separate world for each, as an action changes the state for the next one.
      const world = await peopledWorld('json')
      await world.ann.does(create('mine', 'core:class:Preference', { theme: 'dark' }, inSpaces))
      await world.ann.does(space('empty', false, []))
      await world.ann.does(
        update('pub', Space, {
          members: ['ann', 'bob', 'gus', 'max', 'olga', 'root'].map((name) => `account:${name}`),
        }),
      )
      await world.max.does(declaredClass('shop:class:Note', 'note'))
      await world.ann.does(create('note', 'shop:class:Note', { text: 'x' }, { space: 'pub' }))
      const member = members[role]?.(world)
      expectThat(member !== undefined)
      const isDone = await actions[action]?.(member, world)
      expectFor(`${action} as ${role}`, isDone ? 'yes' : 'no').toBe(cells[at])
    }
  })
})
