import type { Tx } from '../../model/transactions.ts'
import {
  applyIf,
  change,
  type ChangeOptions,
  comment,
  createTask,
  removeTask,
  updateTask,
} from '../support/transactions.ts'
import type { ClientWorld, Member } from './client-world.ts'

const spaces = ['p1', 'p2', 'open']
const statuses = ['backlog', 'todo', 'doing', 'done']
const people = ['account:ann', 'account:bob', 'account:cid']
const TASKS = 40
const COMMENTS = 16

/** A random change of the board, signed by the member. */
export function randomChange(world: ClientWorld, { email }: Member): Tx {
  const fresh = `t${world.below(TASKS)}`
  const id = world.below(8) === 0 ? fresh : world.pick([...world.made, fresh])
  const by = { by: `account:${email}`, space: world.pick(spaces) }
  const kinds: (() => Tx)[] = [
    () => randomTask(world, fresh, by),
    () => randomTask(world, fresh, by),
    () => updateTask(id, randomFields(world), by),
    () => updateTask(id, randomFields(world), by),
    () => updateTask(id, { $inc: { votes: 1 } }, by),
    () => updateTask(id, { $push: { labels: `l${world.below(3)}` }, title: `title ${world.below(9)}` }, by),
    () => updateTask(id, { space: world.pick(spaces) }, by),
    () => removeTask(id, by),
    () => comment(id, `c${world.below(COMMENTS)}`, by),
    () => comment(id, `c${world.below(COMMENTS)}`, by),
    () => commentChange(world, id, by),
    () =>
      change('core:class:TxMixin', id, 'board:class:Task', by, {
        mixin: 'board:mixin:Estimated',
        attributes: { hours: world.below(8) },
      }),
    () =>
      applyIf(
        {
          match: [{ _class: 'board:class:Task', query: { _id: id } }],
          txes: [updateTask(id, randomFields(world), by)],
          // A client that shows the document receives the change, whatever is announced to others.
          notify: Number(fresh.slice(1)) % 2 === 0,
        },
        by,
      ),
  ]
  return world.pick(kinds)()
}

function randomTask(world: ClientWorld, id: string, by: ChangeOptions): Tx {
  world.made.add(id)
  return createTask(id, { ...randomFields(world), title: `title ${world.below(9)}` }, by)
}

/** The system creates a project, or changes its members. */
export function randomMembership(world: ClientWorld): Tx {
  const members = people.filter(() => world.below(2) === 0)
  const options = { by: 'core:account:System', space: 'core:space:Space' }
  const id = world.pick(['p1', 'p2'])
  const fields = { private: world.below(3) > 0, members }
  return change('core:class:TxUpdateDoc', id, 'board:class:Project', options, { operations: fields })
}

export function project(id: string, members: string[] | undefined): Tx {
  const options = { by: 'core:account:System', space: 'core:space:Space' }
  const attributes = {
    name: id,
    description: '',
    private: members !== undefined,
    members: members ?? [],
    archived: false,
    identifier: id,
  }
  return change('core:class:TxCreateDoc', id, 'board:class:Project', options, { attributes })
}

function randomFields(world: ClientWorld): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  if (world.below(2) === 0) fields['status'] = world.pick(statuses)
  if (world.below(2) === 0) fields['rank'] = `r${world.below(20)}`
  if (world.below(3) === 0) fields['priority'] = world.pick(['low', 'high', 'urgent'])
  if (world.below(4) === 0) fields['assignee'] = world.pick(people)
  return fields
}

function commentChange(world: ClientWorld, task: string, by: { by: string; space: string }): Tx {
  const id = `c${world.below(COMMENTS)}`
  const kind = world.below(2) === 0 ? 'core:class:TxRemoveDoc' : 'core:class:TxUpdateDoc'
  const fields =
    kind === 'core:class:TxUpdateDoc' ? { operations: { message: `message ${world.below(9)}` } } : {}
  const tx = change(kind, id, 'board:class:Comment', by, fields)
  return change('core:class:TxCollectionCUD', task, 'board:class:Task', by, { collection: 'comments', tx })
}
