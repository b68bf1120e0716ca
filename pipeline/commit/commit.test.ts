import { describe, expect, test } from '@jest/globals'
import type { Doc, Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import { StorageError } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { gate } from '../../tests/support/gate.ts'
import { aroundCommits } from '../../tests/support/intercepted-storage.ts'
import { ann, bob, caller, testPipeline } from '../../tests/support/test-pipeline.ts'
import {
  applyIf,
  change,
  comment,
  createTask,
  removeTask,
  updateTask,
} from '../../tests/support/transactions.ts'
import { satisfying } from '../../tests/support/expecting.ts'

const code = (expected: string) => (error: unknown) =>
  error instanceof StatusError && error.status.code === expected

describe('commits', () => {
  test('PIPE-1: only the system signs as another account, inner transactions included', async () => {
    const { pipeline, find } = await testPipeline()
    const forbidden = code('platform:status:Forbidden')
    const byBob = createTask('t1', { title: 'x' }, { by: 'account:bob' })
    await expect(pipeline.tx(ann, byBob)).rejects.toThrow(satisfying(forbidden))
    await expect(pipeline.tx(ann, applyIf({ txes: [byBob] }))).rejects.toThrow(satisfying(forbidden))
    await expect(
      pipeline.tx(ann, { ...createTask('t1', { title: 'x' }), createdBy: bob.account }),
    ).rejects.toThrow(satisfying(forbidden))
    await pipeline.tx(ann, createTask('t2', { title: 'x' }))
    const inner = {
      ...comment('t2', 'c1'),
      tx: { ...(comment('t2', 'c1')['tx'] as object), modifiedBy: 'account:bob' },
    }
    await expect(pipeline.tx(ann, inner as never)).rejects.toThrow(satisfying(forbidden))
    expect((await find('board:class:Task')).map(({ _id }) => _id)).toStrictEqual(['t2'])
    await pipeline.tx(caller('system', { system: true }), byBob)
    expect((await find('board:class:Task', { _id: 't1' as Ref }))[0]?.modifiedBy).toBe('account:bob')
  })

  test('PIPE-2: the server’s clock sets the time of a change, unless the system sends a time', async () => {
    const { pipeline, find } = await testPipeline({ now: () => 5000 })
    await pipeline.tx(ann, { ...createTask('t1', { title: 'x' }), modifiedOn: 99, createdOn: 98 })
    await pipeline.tx(caller('system', { system: true }), {
      ...createTask('t2', { title: 'x' }),
      modifiedOn: 99,
    })
    const [first, second] = await find('board:class:Task')
    expect([first?.modifiedOn, first?.createdOn]).toStrictEqual([5000, 5000])
    expect(second?.modifiedOn).toBe(99)
  })

  test('PIPE-3: unknown classes, missing required attributes and wrong types are coded errors', async () => {
    const { pipeline, find } = await testPipeline()
    const unknown = change('core:class:TxCreateDoc', 'x', 'board:class:Nope', {}, { attributes: {} })
    await expect(pipeline.tx(ann, unknown)).rejects.toThrow(satisfying(code('core:status:UnknownClass')))
    await expect(pipeline.tx(ann, createTask('t1', {}))).rejects.toThrow(
      satisfying(code('core:status:MissingAttribute')),
    )
    await expect(pipeline.tx(ann, createTask('t1', { title: 7 }))).rejects.toThrow(
      satisfying(code('core:status:InvalidAttribute')),
    )
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    await expect(pipeline.tx(ann, updateTask('t1', { title: 7 }))).rejects.toThrow(
      satisfying(code('core:status:InvalidAttribute')),
    )
    await expect(pipeline.tx(ann, updateTask('t9', { title: 'y' }))).rejects.toThrow(
      satisfying(code('core:status:ObjectNotFound')),
    )
    await expect(pipeline.tx(ann, createTask('t1', { title: 'x' }))).rejects.toThrow(
      satisfying(code('core:status:ObjectExists')),
    )
    expect(((await find('board:class:Task'))[0] as Doc & { status: string }).status).toBe('backlog')
    expect(pipeline.lastSeq()).toBe(1)
  })

  test('PIPE-4: a transaction that is sent again returns the first result and takes effect once', async () => {
    const { pipeline, storage, pushes } = await testPipeline()
    await pipeline.tx(ann, createTask('t1', { title: 'x', votes: 0 }))
    const update = { ...updateTask('t1', { $inc: { votes: 1 } }), retrieve: true }
    const first = await pipeline.tx(ann, update)
    const together = await Promise.all([pipeline.tx(ann, update), pipeline.tx(ann, update)])
    expect(together).toStrictEqual([first, first])
    const guarded = applyIf({
      notMatch: [{ _class: 'board:class:Task', query: { title: 'y' } }],
      txes: [updateTask('t1', { title: 'y' })],
    })
    const applied = await pipeline.tx(ann, guarded)
    await pipeline.close()
    const reopened = await testPipeline({ storage })
    expect(await reopened.pipeline.tx(ann, update)).toStrictEqual(first)
    expect(await reopened.pipeline.tx(ann, guarded)).toStrictEqual(applied)
    const [task] = await reopened.find('board:class:Task')
    expect((task as Doc & { votes: number }).votes).toBe(1)
    expect(pushes).toHaveLength(3)
    expect(reopened.pushes).toHaveLength(0)
  })

  test('PIPE-71: another transaction with a known id is refused, and reveals nothing of the first', async () => {
    const { pipeline, find } = await testPipeline()
    const reused = code('core:status:TransactionIdReused')
    const first = createTask('t1', { title: 'x' })
    await pipeline.tx(ann, first)
    const update = { ...updateTask('t1', { title: 'y' }), retrieve: true }
    await pipeline.tx(ann, update)
    const { _id } = update as unknown as { _id: string }
    const others = [
      { ...updateTask('t1', { title: 'z' }, { _id }), retrieve: true },
      updateTask('t2', { title: 'y' }, { _id }),
      createTask('t3', { title: 'y' }, { _id }),
      removeTask('t1', { _id }),
      applyIf({ txes: [createTask('t3', { title: 'x' })] }, { _id }),
      applyIf({ txes: [] }, { _id }),
      applyIf({ txes: [removeTask('nothing')] }, { _id }),
      applyIf({ txes: [first] }, { _id }),
    ]
    for (const other of others) await expect(pipeline.tx(ann, other)).rejects.toThrow(satisfying(reused))
    await expect(pipeline.tx(bob, { ...update, modifiedBy: bob.account })).rejects.toThrow(satisfying(reused))
    const guarded = applyIf({ txes: [updateTask('t1', { rank: 'a' }), removeTask('nothing')] })
    const [applied, again] = await Promise.all([pipeline.tx(ann, guarded), pipeline.tx(ann, guarded)])
    expect(again).toStrictEqual(applied)
    expect(await pipeline.tx(ann, guarded)).toStrictEqual(applied)
    const same = await Promise.allSettled([
      pipeline.tx(ann, createTask('t5', { title: 'one' }, { _id: 'twice' })),
      pipeline.tx(ann, createTask('t6', { title: 'two' }, { _id: 'twice' })),
    ])
    expect(same.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected'])
    expect(
      (await find('board:class:Task')).map((task) => [task._id, (task as Doc & { title: string }).title]),
    ).toStrictEqual([
      ['t1', 'y'],
      ['t5', 'one'],
    ])
  })

  test('PIPE-5: apply-if commits all of its transactions when every match finds a document and no notMatch does', async () => {
    const { pipeline, find } = await testPipeline()
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    const match = [{ _class: 'board:class:Task', query: { _id: 't1', title: 'x' } }]
    const notMatch = [{ _class: 'board:class:Task', query: { title: 'z' } }]
    const txes = [createTask('t2', { title: 'z' }), updateTask('t1', { title: 'y' })]
    expect(await pipeline.tx(ann, applyIf({ match, notMatch, txes }))).toStrictEqual({
      success: true,
      derived: [],
    })
    const again = applyIf({ match, notMatch, txes: [createTask('t3', { title: 'q' })] })
    expect(await pipeline.tx(ann, again)).toStrictEqual({ success: false, derived: [] })
    expect((await find('board:class:Task')).length).toBe(2)
  })

  test('PIPE-6: when one transaction of an apply-if fails, none is applied and none is pushed', async () => {
    const { pipeline, find, pushes } = await testPipeline()
    const txes = [createTask('t1', { title: 'x' }), updateTask('nobody', { title: 'y' })]
    await expect(pipeline.tx(ann, applyIf({ txes }))).rejects.toThrow(
      satisfying(code('core:status:ObjectNotFound')),
    )
    expect((await find('board:class:Task')).length).toBe(0)
    expect(pipeline.lastSeq()).toBe(0)
    await new Promise(setImmediate)
    expect(pushes).toStrictEqual([])
  })

  test('PIPE-7: concurrent apply-ifs over one scope see each other’s outcome', async () => {
    const { pipeline, find } = await testPipeline()
    const attempts = Array.from({ length: 50 }, (_, at) =>
      applyIf({
        scope: 'number',
        notMatch: [{ _class: 'board:class:Task', query: { title: 'taken' } }],
        txes: [createTask(`t${at}`, { title: 'taken' })],
      }),
    )
    const results = await Promise.all(attempts.map(async (tx) => await pipeline.tx(ann, tx)))
    expect(results.filter((result) => (result as { success: boolean }).success)).toHaveLength(1)
    expect((await find('board:class:Task')).length).toBe(1)
  })

  test('PIPE-8: counters count the attached documents, also after moves and plain removals', async () => {
    const { pipeline, find } = await testPipeline()
    for (const id of ['t1', 't2']) await pipeline.tx(ann, createTask(id, { title: id }))
    await Promise.all(
      ['c1', 'c2', 'c3'].map(async (id) => await pipeline.tx(bob, comment('t1', id, { by: 'account:bob' }))),
    )
    await pipeline.tx(
      ann,
      change('core:class:TxUpdateDoc', 'c1', 'board:class:Comment', {}, { operations: { attachedTo: 't2' } }),
    )
    await pipeline.tx(ann, change('core:class:TxRemoveDoc', 'c2', 'board:class:Comment', {}, {}))
    const counts = (await find('board:class:Task')).map(
      (task) => (task as Doc & { comments: number }).comments,
    )
    expect(counts).toStrictEqual([1, 1])
    await expect(pipeline.tx(ann, comment('nobody', 'c9'))).rejects.toThrow(
      satisfying(code('core:status:ObjectNotFound')),
    )
  })

  test('PIPE-9: removing a document removes the documents attached to it at every depth, each pushed and logged', async () => {
    const { pipeline, find, pushes } = await testPipeline()
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    await pipeline.tx(ann, comment('t1', 'c1'))
    const reply = change(
      'core:class:TxCreateDoc',
      'r1',
      'board:class:Comment',
      {},
      { attributes: { message: 'deep' } },
    )
    await pipeline.tx(
      ann,
      change(
        'core:class:TxCollectionCUD',
        'c1',
        'test:mixin:Answered',
        {},
        { collection: 'replies', tx: reply },
      ),
    )
    pushes.length = 0
    await pipeline.tx(ann, removeTask('t1'))
    expect((await find('board:class:Comment')).length).toBe(0)
    await new Promise(setImmediate)
    const removed = pushes.map(({ tx }) => (tx as unknown as { objectId: string }).objectId)
    expect(removed).toStrictEqual(['t1', 'c1', 'r1'])
    expect(pushes.map(({ seq }) => seq)).toStrictEqual([6, 7, 8])
  })

  test('PIPE-10: transactions of the space DerivedTx are hidden from queries of the log and used by its replay', async () => {
    const { pipeline, find } = await testPipeline()
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    await pipeline.tx(ann, comment('t1', 'c1'))
    const visible = await find('core:class:Tx')
    expect(visible.map(({ _class }) => _class).sort()).toStrictEqual([
      'core:class:TxCollectionCUD',
      'core:class:TxCreateDoc',
    ])
    const log = await pipeline.storage.readLog({ after: 0, limit: 10 })
    expect(log.map(({ seq }) => seq)).toStrictEqual([1, 2, 3])
  })

  test('PIPE-11: documents of the domain transient are in memory only, and their transactions are pushed but not logged', async () => {
    const { pipeline, find, pushes, storage } = await testPipeline()
    const status = change(
      'core:class:TxCreateDoc',
      'u1',
      'core:class:UserStatus',
      {},
      { attributes: { online: true, user: 'account:ann' } },
    )
    await pipeline.tx(ann, status)
    expect((await find('core:class:UserStatus')).length).toBe(1)
    await new Promise(setImmediate)
    expect(pushes.map(({ seq }) => seq)).toStrictEqual([undefined])
    expect(pipeline.lastSeq()).toBe(0)
    await pipeline.close()
    expect((await (await testPipeline({ storage })).find('core:class:UserStatus')).length).toBe(0)
  })

  test('PIPE-12: a group that storage refuses is refused as a whole, and the next group starts from what is stored', async () => {
    const memory = createMemoryStorage()
    let failing = false
    const storage = aroundCommits(memory, async (batch, commit) => {
      if (failing) throw new StorageError('full', 'no space')
      await commit(batch)
    })
    const { pipeline, find, pushes } = await testPipeline({ storage })
    failing = true
    const failed = await Promise.allSettled(
      ['t1', 't2'].map(async (id) => await pipeline.tx(ann, createTask(id, { title: id }))),
    )
    expect(failed.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected'])
    failing = false
    await pipeline.tx(ann, createTask('t3', { title: 'x' }))
    expect((await find('board:class:Task')).map(({ _id }) => _id)).toStrictEqual(['t3'])
    await new Promise(setImmediate)
    expect(pushes.map(({ seq }) => seq)).toStrictEqual([1])
  })

  test('PIPE-13: a commit whose reply was lost is read from the log before the next commit, pushed once, and answered when it is sent again', async () => {
    const memory = createMemoryStorage()
    let losing = false
    const storage = aroundCommits(memory, async (batch, commit) => {
      await commit(batch)
      if (losing) throw new StorageError('unavailable', 'the worker died')
    })
    const { pipeline, find, pushes } = await testPipeline({ storage })
    losing = true
    const lost = createTask('t1', { title: 'x' })
    await expect(pipeline.tx(ann, lost)).rejects.toThrow(StorageError)
    losing = false
    expect(await pipeline.tx(ann, lost)).toStrictEqual({})
    await pipeline.tx(ann, createTask('t2', { title: 'x' }))
    expect((await find('board:class:Task')).length).toBe(2)
    await new Promise(setImmediate)
    expect(pushes.map(({ seq }) => seq)).toStrictEqual([1, 2])
  })

  test('PIPE-27: a transaction that storage refused as known is looked up again, even when another read was running', async () => {
    const memory = createMemoryStorage()
    const before = await testPipeline({ storage: memory })
    for (const id of ['t1', 't2']) await before.pipeline.tx(ann, createTask(id, { title: 'x' }))
    await before.pipeline.close()

    const [commits, reads] = [gate(), gate()]
    const refused: unknown[] = []
    const storage = aroundCommits(memory, async (batch, commit) => {
      await commits.pass()
      await commit(batch).catch((error: unknown) => {
        refused.push(error)
        throw error
      })
    })
    const { pipeline } = await testPipeline({ storage })
    const get = pipeline.storage.get.bind(pipeline.storage)
    const slowly: typeof get = async (domain, ids) => {
      await reads.pass()
      return await get(domain, ids)
    }
    Object.assign(pipeline.storage, { get: slowly })
    const again = pipeline.tx(ann, createTask('t1', { title: 'again' }))
    await commits.reached
    const update = pipeline.tx(ann, updateTask('t2', { title: 'y' }))
    await reads.reached
    commits.open()
    while (refused.length === 0) await new Promise(setImmediate)
    reads.open()
    await expect(again).rejects.toThrow(satisfying(code('core:status:ObjectExists')))
    expect(await update).toStrictEqual({})
    expect(refused).toHaveLength(1)
  })

  test('PIPE-14: transactions wait in a bounded queue and are committed in the order in which they arrived', async () => {
    const { pipeline } = await testPipeline({ commitLimits: { maxWaiting: 100, maxGroup: 16 } })
    const sent = Array.from({ length: 150 }, (_, at) => createTask(`t${at}`, { title: 'x' }))
    const results = await Promise.allSettled(sent.map(async (tx) => await pipeline.tx(ann, tx)))
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(50)
    const log = await pipeline.storage.readLog({ after: 0, limit: 200 })
    expect(log.map(({ tx }) => tx._id)).toStrictEqual(sent.slice(0, 100).map(({ _id }) => _id))
  })

  test('PIPE-15: an invalid transaction of a group does not affect the others', async () => {
    const { pipeline, find } = await testPipeline()
    const txes = [
      createTask('t1', { title: 'a' }),
      createTask('t1', { title: 'b' }),
      updateTask('t1', { title: 'c' }),
    ]
    const results = await Promise.allSettled(txes.map(async (tx) => await pipeline.tx(ann, tx)))
    expect(results.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(((await find('board:class:Task'))[0] as Doc & { title: string }).title).toBe('c')
  })

  test('PIPE-16: an apply-if can be silent, and can announce a bulk update instead', async () => {
    const { pipeline, pushes } = await testPipeline()
    const txes = [createTask('t1', { title: 'a' })]
    await pipeline.tx(ann, applyIf({ txes, notify: false, extraNotify: ['board:class:Task'] }))
    await new Promise(setImmediate)
    expect(
      pushes.map(({ tx, isSilent }) => [tx._class, (tx as { params?: unknown }).params, isSilent]),
    ).toStrictEqual([
      ['core:class:TxCreateDoc', undefined, true],
      ['core:class:TxWorkspaceEvent', { _class: ['board:class:Task'] }, undefined],
    ])
  })
})
