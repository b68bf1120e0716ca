import { describe, expect, test } from '@jest/globals'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { interceptedStorage } from '../../tests/support/intercepted-storage.ts'
import { ann, bob, caller, peopledBase, testPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, change, createTask } from '../../tests/support/transactions.ts'
import type { ModelResponse } from '../../model/workspace-model.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'

const task = 'board:class:Task' as Ref<Class>
const system = caller('system', { system: true })

function modelTx(objectId: string, objectClass: string, attributes: object): Tx {
  const fields = { attributes, objectSpace: 'core:space:Model' }
  return change('core:class:TxCreateDoc', objectId, objectClass, { by: 'core:account:System' }, fields)
}

const noteClass = modelTx('test:class:Note', 'core:class:Class', {
  kind: 0,
  label: 'Note',
  extends: 'core:class:Doc',
  domain: 'note',
})

describe('middlewares', () => {
  test('PIPE-17: a model transaction changes the hierarchy for the transactions after it, also within one tick', async () => {
    const { pipeline, find } = await testPipeline()
    const note = change('core:class:TxCreateDoc', 'n1', 'test:class:Note', {}, { attributes: { text: 'x' } })
    await Promise.all([pipeline.tx(system, noteClass), pipeline.tx(ann, note)])
    expect((await find('test:class:Note')).map(({ _id }) => _id)).toStrictEqual(['n1'])
    expect((await find('core:class:Class', { _id: 'test:class:Note' as Ref })).length).toBe(1)
  })

  test('PIPE-18: a model transaction that would break the hierarchy is refused and leaves no trace', async () => {
    const { pipeline, find } = await testPipeline()
    const orphan = modelTx('test:class:Orphan', 'core:class:Class', {
      kind: 0,
      label: 'x',
      extends: 'test:class:Nope',
    })
    const hash = pipeline.model.hash
    await expect(pipeline.tx(system, orphan)).rejects.toThrow(StatusError)
    await expect(
      pipeline.tx(system, applyIf({ txes: [noteClass, orphan] }, { by: 'core:account:System' })),
    ).rejects.toThrow(StatusError)
    expect(pipeline.model.hash).toBe(hash)
    expect((await find('core:class:Class', { _id: 'test:class:Note' as Ref })).length).toBe(0)
  })

  test('PIPE-19: loadModel with a known hash returns the transactions after it, and with another hash all of them', async () => {
    const { pipeline } = await testPipeline()
    const load = async (hash?: string) => (await pipeline.loadModel(ann, 0, hash)) as ModelResponse
    const everything = await load('')
    expect(everything.full).toBe(true)
    expect(everything.hash).toBe(peopledBase.hash)
    await pipeline.tx(system, noteClass)
    const difference = await load(everything.hash)
    expect([difference.full, difference.transactions.map(({ _id }) => _id)]).toStrictEqual([
      false,
      [noteClass._id],
    ])
    expect(await load(difference.hash)).toStrictEqual({
      transactions: [],
      hash: difference.hash,
      full: false,
    })
    const unknown = await load('nobody knows')
    expect(unknown.full).toBe(true)
    expect(unknown.transactions).toHaveLength(everything.transactions.length + 1)
  })

  test('PIPE-20: the model is restored from the log with the same hash, and workspaces do not share their models', async () => {
    const storage = createMemoryStorage()
    const first = await testPipeline({ storage })
    await first.pipeline.tx(system, noteClass)
    const { hash } = first.pipeline.model
    await first.pipeline.close()
    const again = await testPipeline({ storage })
    expect(again.pipeline.model.hash).toBe(hash)
    expect(again.pipeline.model.hierarchy.domainOf('test:class:Note' as Ref<Class>)).toBe('note')
    const other = await testPipeline({ storage, id: 'w2' })
    expect(other.pipeline.model.hash).toBe(peopledBase.hash)
    expect(other.pipeline.model.hierarchy.findClass('test:class:Note' as Ref<Class>)).toBeUndefined()
  })

  test('PIPE-21: loadModel by time returns the newer model transactions', async () => {
    const { pipeline } = await testPipeline({ now: () => 10_000 })
    const all = (await pipeline.loadModel(ann, 0)) as Tx[]
    await pipeline.tx(system, { ...noteClass, modifiedOn: 10_000 })
    const newer = (await pipeline.loadModel(ann, 9999)) as Tx[]
    expect(newer.map(({ _id }) => _id)).toStrictEqual([noteClass._id])
    expect(all.length).toBeGreaterThan(100)
  })

  test('PIPE-22: identical queries of one audience that are in flight share one run; other and later queries do not', async () => {
    const counted = countingStorage()
    const { pipeline } = await testPipeline({ storage: counted.storage })
    counted.reset()
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    const find = async (who = ann, query = {}) =>
      await pipeline.find(who, { _class: task, query, options: {} })
    await Promise.all([find(), find(), find()])
    expect(counted.finds()).toBe(1)
    await Promise.all([find(), find(bob), find(ann, { title: 'x' })])
    expect(counted.finds()).toBe(3)
    await pipeline.tx(ann, privateSpace('s1', ['account:ann']))
    counted.reset()
    await Promise.all([find(), find(bob)])
    expect(counted.finds()).toBe(2)
  })

  test('PIPE-23: no query joins one that began before a commit which its caller knows', async () => {
    const counted = countingStorage()
    const { pipeline } = await testPipeline({ storage: counted.storage })
    counted.reset()
    counted.hold()
    const early = pipeline.find(bob, { _class: task, query: {}, options: {} })
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    const late = pipeline.find(bob, { _class: task, query: {}, options: {} })
    counted.release()
    expect((await late) as Doc[]).toHaveLength(1)
    await early
    expect(counted.finds()).toBe(2)
  })

  test('PIPE-24: the failure of a query is not cached', async () => {
    const counted = countingStorage()
    const { pipeline } = await testPipeline({ storage: counted.storage })
    counted.reset()
    counted.fail(1)
    const find = async () => await pipeline.find(ann, { _class: task, query: {}, options: {} })
    const both = await Promise.allSettled([find(), find()])
    expect(both.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected'])
    expect((await find()) as Doc[]).toHaveLength(0)
  })

  test('PIPE-25: stored documents are joined with model documents, in lookups, conditions and sorts', async () => {
    const { pipeline, find } = await testPipeline({ isPeopled: false })
    for (const [name, role] of [
      ['ann', 'OWNER'],
      ['bob', 'USER'],
    ] as const) {
      await pipeline.tx(system, modelTx(`account:${name}`, 'core:class:Account', { email: name, role }))
    }
    await pipeline.tx(ann, createTask('t1', { title: 'a', assignee: 'account:bob' }))
    await pipeline.tx(ann, createTask('t2', { title: 'b', assignee: 'account:ann' }))
    await pipeline.tx(ann, createTask('t3', { title: 'c' }))
    const lookup = { assignee: 'core:class:Account' }
    const owners = await find(task, { '$lookup.assignee.role': 'OWNER' }, { lookup })
    expect(
      owners.map(({ _id, $lookup }) => [_id, ($lookup as { assignee: Doc }).assignee._id]),
    ).toStrictEqual([['t2', 'account:ann']])
    const sorted = await find(
      task,
      {},
      { lookup, sort: { '$lookup.assignee.email': -1 }, total: true, projection: { title: 1 } },
    )
    expect(sorted.map(({ _id }) => _id)).toStrictEqual(['t1', 't2', 't3'])
    expect(sorted.total).toBe(3)
    expect(Object.keys(sorted[0] ?? {}).sort()).toStrictEqual(['$lookup', '_class', '_id', 'title'])
    const people = await find(
      'core:class:Account',
      {},
      { lookup: { _id: { tasks: [task, 'assignee'] } }, sort: { email: 1 } },
    )
    expect(
      people.map(({ $lookup }) => ($lookup as unknown as { tasks: Doc[] }).tasks.map(({ _id }) => _id)),
    ).toStrictEqual([['t2'], ['t1']])
  })

  test('PIPE-26: full-text search finds documents by class and space, with a title, and a score for callers that see everything', async () => {
    const { pipeline } = await testPipeline()
    await pipeline.tx(ann, createTask('t1', { title: 'Fix the upload dialog' }, { space: 'open' }))
    await pipeline.tx(ann, createTask('t2', { title: 'Upload again' }, { space: 'p' }))
    const search = async (classes: string[], spaces?: string[]) =>
      await pipeline.searchFulltext(ann, { query: 'uplo', classes: classes as Ref<Class>[], spaces }, {})
    const { docs, total } = await search(['board:class:Task'])
    expect(total).toBe(2)
    expect(docs.map(({ id }) => id).sort()).toStrictEqual(['t1', 't2'])
    expect((await search(['board:class:Task'], ['p'])).docs.map(({ title }) => title)).toStrictEqual([
      'Upload again',
    ])
    expect((await search(['board:class:Comment'])).total).toBe(0)
    const scored = async (who: typeof ann) =>
      (await pipeline.searchFulltext(who, { query: 'uplo' }, {})).docs.map(({ score }) => score !== undefined)
    expect([await scored(ann), await scored(system)]).toStrictEqual([
      [false, false],
      [true, true],
    ])
  })

  function privateSpace(id: string, members: string[]): Tx {
    const attributes = { name: id, description: '', private: true, archived: false, members }
    return change(
      'core:class:TxCreateDoc',
      id,
      'core:class:Space',
      { space: 'core:space:Space' },
      { attributes },
    )
  }

  /** Storage in memory whose finds a test counts, delays and fails. */
  function countingStorage() {
    let finds = 0
    let failures = 0
    let gate: Promise<void> = Promise.resolve()
    let release = (): void => undefined
    const storage = interceptedStorage(createMemoryStorage(), (workspace) => {
      const find = workspace.find.bind(workspace)
      return Object.assign(workspace, {
        find: async (plan: Parameters<typeof find>[0]) => {
          finds += 1
          if (failures-- > 0) throw new Error('a failing disk')
          await gate
          return await find(plan)
        },
      })
    })
    return {
      storage,
      finds: () => finds,
      /** An opening reads the spaces, which are not counted. */
      reset: () => (finds = 0),
      fail: (count: number) => (failures = count),
      hold: () => {
        gate = new Promise((resolve) => (release = resolve))
      },
      release: () => release(),
    }
  }
})
