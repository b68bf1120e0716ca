import { describe, expect, test } from '@jest/globals'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { ann, bob, caller, testPipeline } from '../../tests/support/test-pipeline.ts'
import {
  applyIf,
  change,
  comment,
  createTask,
  removeTask,
  updateTask,
} from '../../tests/support/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { Pipeline } from '../pipeline.ts'
import { expectFor, satisfying } from '../../tests/support/expecting.ts'

const system = caller('system', { system: true })
const guest = caller('gus', { role: 'GUEST' })
const notFound = (error: unknown) =>
  error instanceof StatusError && error.status.code === 'core:status:ObjectNotFound'
const forbidden = (error: unknown) =>
  error instanceof StatusError && error.status.code === 'platform:status:Forbidden'

function space(id: string, isPrivate: boolean, members: string[], by = 'account:ann'): Tx {
  const attributes = { name: id, description: '', private: isPrivate, archived: false, members }
  return change(
    'core:class:TxCreateDoc',
    id,
    'core:class:Space',
    { space: 'core:space:Space', by },
    { attributes },
  )
}

function spaceUpdate(id: string, operations: object, by = 'account:ann'): Tx {
  return change(
    'core:class:TxUpdateDoc',
    id,
    'core:class:Space',
    { space: 'core:space:Space', by },
    { operations },
  )
}

async function withSecret() {
  const opened = await testPipeline({ isPeopled: false })
  for (const name of ['ann', 'bob', 'gus']) await opened.pipeline.tx(system, account(name))
  await opened.pipeline.tx(ann, space('secret', true, ['account:ann']))
  await opened.pipeline.tx(ann, createTask('t1', { title: 'hidden words' }, { space: 'secret' }))
  await opened.pipeline.tx(ann, createTask('t2', { title: 'open words' }, { space: 'open' }))
  return opened
}

function account(name: string): Tx {
  const attributes = { email: name, role: name === 'gus' ? 'GUEST' : 'USER' }
  const options = { by: 'core:account:System', space: 'core:space:Model' }
  return change('core:class:TxCreateDoc', `account:${name}`, 'core:class:Account', options, { attributes })
}

async function ids(pipeline: Pipeline, who: Caller, _class: string, query: object = {}): Promise<string[]> {
  const found = (await pipeline.find(who, {
    _class: _class as Ref<Class>,
    query: query as never,
    options: {},
  })) as Doc[]
  return found.map(({ _id }) => _id)
}

describe('permissions', () => {
  test('PIPE-31: a private space, its documents and their changes are visible to its members, the system and administrators only', async () => {
    const { pipeline } = await withSecret()
    const admin = caller('root', { admin: true })
    for (const [who, sees] of [
      [ann, true],
      [bob, false],
      [guest, false],
      [system, true],
      [admin, true],
    ] as const) {
      expect(await ids(pipeline, who, 'board:class:Task')).toStrictEqual(sees ? ['t1', 't2'] : ['t2'])
      expect(await ids(pipeline, who, 'core:class:Space')).toStrictEqual(sees ? ['secret'] : [])
      expect(await ids(pipeline, who, 'core:class:TxCUD', { objectSpace: 'secret' })).toHaveLength(
        sees ? 1 : 0,
      )
      expect(await ids(pipeline, who, 'core:class:TxCUD', { objectId: 'secret' })).toHaveLength(sees ? 1 : 0)
      const { docs } = await pipeline.searchFulltext(who, { query: 'words' }, {})
      expect(docs.map(({ id }) => id).sort()).toStrictEqual(sees ? ['t1', 't2'] : ['t2'])
      const request = {
        _class: 'board:class:Task' as Ref<Class>,
        query: {},
        options: { total: true, limit: 1 },
      }
      expect(((await pipeline.find(who, request)) as { total: number }).total).toBe(sees ? 2 : 1)
    }
  })

  test('PIPE-32: a lookup joins only documents that the caller may see, and a query over it finds nothing else', async () => {
    const { pipeline } = await withSecret()
    await pipeline.tx(ann, createTask('t3', { title: 'points', assignee: 't1' }, { space: 'open' }))
    const lookup = { assignee: 'board:class:Task' }
    const find = async (who: Caller, query: object) =>
      (await pipeline.find(who, {
        _class: 'board:class:Task' as Ref<Class>,
        query: query as never,
        options: { lookup },
      })) as (Doc & { $lookup?: { assignee?: Doc } })[]
    const joined = async (who: Caller) => (await find(who, { _id: 't3' }))[0]?.$lookup?.assignee?._id
    expect([await joined(ann), await joined(bob)]).toStrictEqual(['t1', undefined])
    const matching = async (who: Caller) =>
      (await find(who, { '$lookup.assignee.title': 'hidden words' })).length
    expect([await matching(ann), await matching(bob)]).toStrictEqual([1, 0])
  })

  test('PIPE-33: no caller writes to a space it does not see: directly, attached, as a mixin, inside apply-if, or by a move in or out', async () => {
    const { pipeline } = await withSecret()
    const by = 'account:bob'
    const mixin = { mixin: 'board:mixin:Estimated', attributes: { hours: 1 } }
    const attempts = [
      createTask('t9', { title: 'x' }, { by, space: 'secret' }),
      updateTask('t1', { title: 'x' }, { by, space: 'secret' }),
      updateTask('t1', { title: 'x' }, { by, space: 'open' }),
      updateTask('t2', { space: 'secret' }, { by, space: 'open' }),
      updateTask('t1', { space: 'open' }, { by, space: 'open' }),
      removeTask('t1', { by, space: 'open' }),
      comment('t1', 'c1', { by, space: 'open' }),
      change('core:class:TxMixin', 't1', 'board:class:Task', { by, space: 'open' }, mixin),
      applyIf({ txes: [updateTask('t1', { title: 'x' }, { by, space: 'open' })] }, { by }),
      spaceUpdate('secret', { $push: { members: 'account:bob' } }, by),
    ]
    // The removal of a hidden document is answered like that of a missing one, and has no effect.
    for (const tx of attempts)
      if (tx._class === 'core:class:TxRemoveDoc') expect(await pipeline.tx(bob, tx)).toStrictEqual({})
      else await expectFor(JSON.stringify(tx), pipeline.tx(bob, tx)).rejects.toThrow(satisfying(notFound))
    expect(await ids(pipeline, ann, 'board:class:Task')).toStrictEqual(['t1', 't2'])
    const guess = applyIf(
      { match: [{ _class: 'board:class:Task', query: { title: 'hidden words' } }], txes: [] },
      { by },
    )
    expect(await pipeline.tx(bob, guess)).toStrictEqual({ success: false, derived: [] })
    await pipeline.tx(ann, updateTask('t1', { title: 'mine' }, { space: 'secret' }))
  })

  test('PIPE-34: guests read public documents, and write nothing', async () => {
    const { pipeline } = await withSecret()
    expect(await ids(pipeline, guest, 'board:class:Task')).toStrictEqual(['t2'])
    await expect(pipeline.tx(guest, createTask('t9', { title: 'x' }, { by: 'account:gus' }))).rejects.toThrow(
      satisfying(forbidden),
    )
  })

  test('PIPE-35: membership changes take effect at once, and are announced to those who gain or lose access', async () => {
    const { pipeline, pushes } = await withSecret()
    await new Promise(setImmediate)
    pushes.length = 0
    const join = spaceUpdate('secret', { $push: { members: 'account:bob' } })
    const write = updateTask('t1', { title: 'both' }, { by: 'account:bob', space: 'secret' })
    await Promise.all([pipeline.tx(ann, join), pipeline.tx(bob, write)])
    expect(await ids(pipeline, bob, 'board:class:Task')).toStrictEqual(['t1', 't2'])
    await pipeline.tx(ann, spaceUpdate('secret', { $pull: { members: 'account:bob' } }))
    expect(await ids(pipeline, bob, 'board:class:Task')).toStrictEqual(['t2'])
    await new Promise(setImmediate)
    const events = pushes.filter(({ tx }) => tx._class === 'core:class:TxWorkspaceEvent')
    expect(events).toHaveLength(2)
    for (const push of events) {
      expect((push.tx as Tx & { event: number }).event).toBe(3)
      expect([ann, bob, guest].map((who) => pipeline.mayReceive(who, push))).toStrictEqual([
        false,
        true,
        false,
      ])
    }
  })

  test('PIPE-36: pushes go to those who may see them, derived ones too, and a move is announced to those who see one side only', async () => {
    const { pipeline, pushes } = await withSecret()
    await new Promise(setImmediate)
    pushes.length = 0
    await pipeline.tx(ann, comment('t1', 'c1', { space: 'secret' }))
    await pipeline.tx(ann, updateTask('t1', { space: 'open' }, { space: 'secret' }))
    await pipeline.tx(ann, updateTask('t2', { title: 'all' }, { space: 'open' }))
    await new Promise(setImmediate)
    const heard = (who: Caller) =>
      pushes
        .filter((push) => pipeline.mayReceive(who, push))
        .map(({ tx }) => tx._class.replace('core:class:', ''))
    expect(heard(ann)).toStrictEqual(['TxCollectionCUD', 'TxUpdateDoc', 'TxUpdateDoc', 'TxUpdateDoc'])
    expect(heard(bob)).toStrictEqual(['TxWorkspaceEvent', 'TxUpdateDoc'])
  })

  test('PIPE-37: documents of a class that is for its creator are found, changed and received by nobody else', async () => {
    const { pipeline, pushes } = await withSecret()
    const preference = (by: string, id: string) =>
      change(
        'core:class:TxCreateDoc',
        id,
        'core:class:Preference',
        { by, space: 'core:space:Space' },
        { attributes: { theme: 'dark' } },
      )
    await pipeline.tx(ann, preference('account:ann', 'p1'))
    await pipeline.tx(bob, preference('account:bob', 'p2'))
    expect(await ids(pipeline, ann, 'core:class:Preference')).toStrictEqual(['p1'])
    expect(await ids(pipeline, bob, 'core:class:Preference')).toStrictEqual(['p2'])
    expect(await ids(pipeline, bob, 'core:class:TxCUD', { objectId: 'p1' })).toHaveLength(0)
    const update = change(
      'core:class:TxUpdateDoc',
      'p1',
      'core:class:Preference',
      { by: 'account:bob', space: 'core:space:Space' },
      { operations: { theme: 'x' } },
    )
    await expect(pipeline.tx(bob, update)).rejects.toThrow(satisfying(notFound))
    await new Promise(setImmediate)
    const own = pushes.filter(({ tx }) => (tx as Tx & { objectId?: string }).objectId === 'p1')
    expect([ann, bob].map((who) => own.every((push) => pipeline.mayReceive(who, push)))).toStrictEqual([
      true,
      false,
    ])
  })

  test('PIPE-38: accounts are changed by owners and maintainers, and owners are made by owners', async () => {
    const { pipeline } = await withSecret()
    const promote = (by: string, role: string) =>
      change(
        'core:class:TxUpdateDoc',
        'account:bob',
        'core:class:Account',
        { by, space: 'core:space:Model' },
        { operations: { role } },
      )
    await expect(pipeline.tx(bob, promote('account:bob', 'OWNER'))).rejects.toThrow(satisfying(forbidden))
    await pipeline.tx(system, promote('core:account:System', 'MAINTAINER'))
    await expect(pipeline.tx(bob, promote('account:bob', 'OWNER'))).rejects.toThrow(satisfying(forbidden))
    await pipeline.tx(system, promote('core:account:System', 'OWNER'))
    await pipeline.tx(bob, promote('account:bob', 'OWNER'))
  })

  test('PIPE-39: the caller’s query object is not changed', async () => {
    const { pipeline } = await withSecret()
    const query = Object.freeze({ title: Object.freeze({ $like: '%words' }) })
    const request = {
      _class: 'board:class:Task' as Ref<Class>,
      query: query as never,
      options: Object.freeze({}),
    }
    expect((await pipeline.find(bob, request)) as Doc[]).toHaveLength(1)
  })
})
