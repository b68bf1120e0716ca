import type { Tx } from '../../model/transactions.ts'
import { applyIf, change } from '../support/transactions.ts'

/** A seeded random source: Tommy Ettinger’s mulberry32. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  /** True with a probability of one in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }
}

export const people = ['olga', 'max', 'ann', 'bob', 'gus']

const accounts = people.map((name) => `account:${name}`)
const spaces = ['open', 's1', 's2', 's3', 'core:space:Space', 'core:space:Model', 'nowhere']
const tasks = ['t1', 't2', 't3']
const comments = ['c1', 'c2', 'c3']
const others = ['p1', 'p2', 'n1', 'shop:class:Note', 'shop:attribute:Note.size', 'conf1', 'note1', 'status1']
const declared = [
  'core:class:Account',
  'core:class:Preference',
  'module:class:TriggerCursor',
  'board:class:Task',
  'board:attribute:Task.title',
  'board:enum:Status',
]
const reserved = [
  'core:space:Space',
  'core:space:Tx',
  'core:space:Mine',
  'module:x',
  'account:new',
  'trigger:x',
]
const ids = [...accounts, ...spaces, ...tasks, ...comments, ...others, ...declared, ...reserved]

const coreClasses = [
  ...(['Space', 'Account', 'Configuration', 'Version', 'Class', 'Attribute', 'Enum', 'Mixin'] as const),
  ...(['Preference', 'UserStatus', 'Doc', 'AttachedDoc', 'TxCreateDoc', 'Nothing'] as const),
]
const classes = [
  ...coreClasses.map((name) => `core:class:${name}`),
  ...([
    'board:class:Task',
    'board:class:Comment',
    'board:class:Project',
    'board:class:Notification',
  ] as const),
  ...(['module:class:TriggerCursor', 'board:mixin:Estimated', 'shop:class:Note'] as const),
]

/** The usual class of the document with this id. */
function usualClass(id: string): string {
  if (id.startsWith('account:')) return 'core:class:Account'
  if (id.startsWith('core:space:') || spaces.includes(id)) return 'core:class:Space'
  if (tasks.includes(id)) return 'board:class:Task'
  if (comments.includes(id)) return 'board:class:Comment'
  if (id.includes(':attribute:')) return 'core:class:Attribute'
  if (id.includes(':enum:')) return 'core:class:Enum'
  if (id.includes(':class:')) return 'core:class:Class'
  if (id === 'n1') return 'board:class:Notification'
  if (id === 'conf1') return 'core:class:Configuration'
  if (id === 'note1') return 'shop:class:Note'
  return id === 'status1' ? 'core:class:UserStatus' : 'core:class:Preference'
}

function usualSpace(chance: Chance, id: string): string {
  const _class = usualClass(id)
  const isModel = ['Account', 'Class', 'Attribute', 'Enum', 'Configuration'].some((name) =>
    _class.endsWith(`:${name}`),
  )
  if (isModel) return 'core:space:Model'
  if (_class === 'core:class:Space' || _class === 'core:class:Preference') return 'core:space:Space'
  return chance.pick(['open', 's1', 's2', 's3'])
}

/** A transaction of a random kind by an account, mostly with false details. */
export function hostileTransaction(chance: Chance, by: string): Tx {
  if (chance.once(20)) return namesake(chance.pick(tasks), by)
  if (!chance.once(8)) return hostileChange(chance, by)
  const txes = Array.from({ length: 1 + chance.below(3) }, () => hostileChange(chance, by))
  const match = chance.once(2) ? [{ _class: 'board:class:Task', query: { _id: chance.pick(tasks) } }] : []
  const extraNotify = chance.once(4) ? ['board:class:Task'] : []
  return applyIf({ txes, match, extraNotify }, { by })
}

/** A document with the id of a task, created and removed. */
function namesake(task: string, by: string): Tx {
  const options = { by, space: 'core:space:Space' }
  const made = change('core:class:TxCreateDoc', task, 'core:class:Preference', options, { attributes: {} })
  const removed = change('core:class:TxRemoveDoc', task, 'core:class:Preference', options, {})
  return applyIf({ txes: [made, removed] }, { by })
}

/** Attacks that random choice finds too rarely. */
function knownAttack(chance: Chance, by: string): Tx {
  const [task, account] = [chance.pick(tasks), chance.pick(accounts)]
  const inSpaces = { by, space: 'core:space:Space' }
  return chance.pick<() => Tx>([
    () => change('core:class:TxCreateDoc', task, 'core:class:Preference', inSpaces, { attributes: {} }),
    () => change('core:class:TxRemoveDoc', task, 'core:class:Preference', inSpaces, {}),
    () =>
      change('core:class:TxUpdateDoc', by, 'core:class:Account', inSpaces, { operations: { space: 'open' } }),
    () =>
      change('core:class:TxUpdateDoc', task, 'board:class:Task', inSpaces, {
        operations: { space: 'core:space:Model' },
      }),
    () =>
      change('core:class:TxUpdateDoc', account, 'core:class:Configuration', inSpaces, {
        operations: { role: 'OWNER' },
      }),
    () => change('core:class:TxRemoveDoc', chance.pick(['s1', 's2']), 'board:class:Task', inSpaces, {}),
  ])()
}

function hostileChange(chance: Chance, by: string): Tx {
  if (chance.once(6)) return knownAttack(chance, by)
  const id = chance.pick(ids)
  // Half of them have correct details, so that documents are created.
  const isHonest = chance.once(2)
  const _class = isHonest ? usualClass(id) : chance.pick(classes)
  const space = isHonest ? usualSpace(chance, id) : chance.pick(spaces)
  switch (chance.below(7)) {
    case 0:
    case 1:
      return change(
        'core:class:TxCreateDoc',
        id,
        _class,
        { by, space },
        { attributes: attributes(chance, _class) },
      )
    case 2:
    case 3:
      return change('core:class:TxUpdateDoc', id, _class, { by, space }, { operations: operations(chance) })
    case 4:
      return change(
        'core:class:TxRemoveDoc',
        id,
        _class,
        { by, space },
        chance.once(2) ? { cascade: true } : {},
      )
    case 5:
      return change(
        'core:class:TxMixin',
        id,
        _class,
        { by, space },
        {
          mixin: chance.pick(['board:mixin:Estimated', 'core:class:Account', 'board:class:Task']),
          attributes: operations(chance),
        },
      )
    default:
      return collectionChange(chance, by)
  }
}

function collectionChange(chance: Chance, by: string): Tx {
  const isHonest = chance.once(2)
  const parent = isHonest ? chance.pick(tasks) : chance.pick(ids)
  const child = isHonest ? chance.pick(comments) : chance.pick(ids)
  const space = isHonest ? chance.pick(['open', 's1', 's2']) : chance.pick(spaces)
  const options = { by, space }
  const _class = isHonest ? 'board:class:Comment' : chance.pick(classes)
  const kind = chance.pick(['TxCreateDoc', 'TxUpdateDoc', 'TxRemoveDoc'])
  const fields =
    kind === 'TxCreateDoc'
      ? { attributes: { message: 'some words' } }
      : kind === 'TxUpdateDoc'
        ? { operations: operations(chance) }
        : {}
  const tx = change(`core:class:${kind}`, child, _class, options, fields)
  const parentClass = isHonest ? 'board:class:Task' : chance.pick(classes)
  const collection = isHonest ? 'comments' : chance.pick(['comments', 'title', 'anything', 'members'])
  return change('core:class:TxCollectionCUD', parent, parentClass, options, { collection, tx })
}

function attributes(chance: Chance, _class: string): Record<string, unknown> {
  const some: Record<string, unknown> = {}
  if (_class.endsWith(':Task')) some['title'] = 'some words'
  if (_class.endsWith(':Comment')) some['message'] = 'some words'
  if (_class.endsWith(':Space') || _class.endsWith(':Project'))
    Object.assign(some, { name: 's', private: chance.once(2), members: someAccounts(chance) })
  if (_class.endsWith(':Account'))
    Object.assign(some, { email: chance.pick(['eve', 'ann', 'ANN', 'zoe']), role: anyRole(chance) })
  if (_class.endsWith(':Class')) Object.assign(some, declaration(chance))
  if (_class.endsWith(':Attribute')) Object.assign(some, attribute(chance))
  if (_class.endsWith(':Notification')) Object.assign(some, { task: 't1', assignedBy: 'account:ann' })
  if (_class.endsWith(':UserStatus')) Object.assign(some, { online: true, user: chance.pick(accounts) })
  if (chance.once(4)) Object.assign(some, { email: chance.pick(['ann', 'olga']), role: 'OWNER' })
  if (chance.once(4))
    Object.assign(some, {
      attachedTo: chance.pick(ids),
      attachedToClass: chance.pick(['board:class:Task', 'core:class:Account', ...classes]),
      collection: chance.pick(['comments', 'role', 'anything']),
    })
  if (chance.once(8)) some['comments'] = chance.below(5)
  return some
}

function operations(chance: Chance): Record<string, unknown> {
  return chance.pick<() => Record<string, unknown>>([
    () => ({ title: 'other words' }),
    () => ({ role: anyRole(chance) }),
    () => ({ email: chance.pick(['ann', 'olga', 'eve']) }),
    () => ({ private: chance.once(2), members: someAccounts(chance) }),
    () => ({ $push: { members: chance.pick(accounts) } }),
    () => ({ $pull: { members: chance.pick(accounts) } }),
    () => ({ owners: someAccounts(chance) }),
    () => ({ space: chance.pick(spaces) }),
    () => ({ createdBy: chance.pick(accounts) }),
    () => ({ $inc: { [chance.pick(['comments', 'votes', 'seq'])]: 1 } }),
    () => ({ comments: 9 }),
    () => ({ domain: chance.pick(['task', 'module', 'tx']) }),
    () => ({ $unset: { visibleTo: '' } }),
    () => ({ visibleTo: 'creator' }),
    () => ({ required: true }),
    () => ({ attachedTo: chance.pick(ids) }),
    () => ({ user: chance.pick(accounts), online: false }),
    () => ({ hours: 3 }),
    () => ({ $pushMixin: { $mixin: 'board:mixin:Estimated', values: { hours: 1 } } }),
  ])()
}

function declaration(chance: Chance): Record<string, unknown> {
  return {
    kind: 0,
    label: 'Note',
    extends: chance.pick(['core:class:Doc', 'board:class:Task', 'core:class:Account', 'core:class:Space']),
    ...(chance.once(2) ? { domain: chance.pick(['note', 'tx', 'module', 'space', 'model']) } : {}),
    ...(chance.once(4) ? { visibleTo: 'creator' } : {}),
  }
}

function attribute(chance: Chance): Record<string, unknown> {
  return {
    attributeOf: chance.pick(['shop:class:Note', 'board:class:Task', 'core:class:Account', 'core:class:Doc']),
    name: chance.pick(['size', 'title', 'email']),
    label: 'x',
    type: { _class: 'core:class:TypeString' },
    ...(chance.once(2) ? { required: true } : {}),
  }
}

function someAccounts(chance: Chance): string[] {
  return accounts.filter(() => chance.once(2))
}

function anyRole(chance: Chance): string {
  return chance.pick(['GUEST', 'USER', 'MAINTAINER', 'OWNER'])
}
