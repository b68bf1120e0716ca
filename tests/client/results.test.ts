import { describe, expect, test } from '@jest/globals'
import type { Class, Doc, Ref, Space } from '../../model/documents.ts'
import { CopyCache, isDevelopment } from '../../client/runtime/copies.ts'
import { board } from '../../examples/board/model.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>

type Labelled = Doc & { title: string; labels: string[] }

async function world(freeze: boolean): Promise<{ made: ClientWorld; ann: Member }> {
  const made = new ClientWorld(5)
  const ann = made.join('ann', false, { freeze })
  onTestEnd(async () => await made.end())
  await made.calm()
  for (const id of ['t1', 't2'])
    ann.send(createTask(id, { title: id, labels: ['a', 'b'], rank: id }, { by: 'account:ann' }))
  await made.calm()
  return { made, ann }
}

/** The results of a query, the newest last. */
function results({ client }: Member, _class = task, options: object = { sort: { rank: 1 } }): Labelled[][] {
  const shown: Labelled[][] = []
  client.query(_class, {}, options, (found) => shown.push(found as unknown as Labelled[]))
  return shown
}

/** Writes to every writable part. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) spoil(member)
  if (Array.isArray(value)) value.push('spoiled')
  else Object.assign(value, { title: 'spoiled', message: 'spoiled', spoiled: true })
}

describe('results of queries', () => {
  test('SDK-36: results are frozen in development, and not in production', async () => {
    const { made, ann } = await world(true)
    const shown = results(ann)
    await made.calm()
    const found = await made.settled(ann.client.findAll(task))
    const first = await made.settled(ann.client.findOne(task, { _id: 't1' as Ref }))
    for (const value of [shown.at(-1), shown.at(-1)?.[0]?.labels, found, found[0], first]) {
      expect(Object.isFrozen(value)).toBe(true)
      expect(() => spoil(value)).toThrow(TypeError)
    }
    const { NODE_ENV: before } = process.env
    onTestEnd(() => {
      if (before === undefined) delete process.env.NODE_ENV
      else process.env.NODE_ENV = before
    })
    process.env.NODE_ENV = 'production'
    expect(isDevelopment()).toBe(false)
    delete process.env.NODE_ENV
    expect(isDevelopment()).toBe(true)
  })

  test('SDK-36: a change of a result by its reader is visible to nobody else, and changes no later result', async () => {
    const { made, ann } = await world(false)
    const lookup = { lookup: { _id: { remarks: ['board:class:Comment', 'attachedTo'] } }, sort: { rank: 1 } }
    ann.send({ ...createTask('x', {}), ...commentOn('t1') } as never)
    const all = [
      results(ann),
      results(ann),
      results(ann, task, { sort: { rank: 1 }, projection: { title: 1, labels: 1, rank: 1 } }),
      results(ann, task, lookup),
      results(ann, 'core:class:Space' as Ref<Class>, {}),
      results(ann, 'core:class:Account' as Ref<Class>, {}),
    ]
    await made.calm()
    const pure = results(ann)
    await made.calm()
    for (const shown of all) spoil(shown.at(-1))
    ann.client.onTransactions((pushed) => spoil(pushed))
    ann.client.onTransactions(({ txes }) => expect(JSON.stringify(txes)).not.toContain('spoiled'))
    ann.send(updateTask('t2', { title: 'new' }, { by: 'account:ann' }))
    ann.send(createTask('t3', { title: 't3', labels: ['c'], rank: 't3' }, { by: 'account:ann' }))
    await made.calm()
    const fresh = await made.settled(ann.client.findAll(task, {}, { sort: { rank: 1 } }))
    expect([...(pure.at(-1) ?? [])]).toStrictEqual([...fresh])
    // A changed copy stays changed for its reader until a document of it changes, which is then correct.
    expect(all[0]?.at(-1)?.map(({ title }) => title)).toStrictEqual(['spoiled', 'new', 't3'])
    const again = [
      results(ann),
      results(ann, task, lookup),
      results(ann, 'core:class:Account' as Ref<Class>, {}),
    ]
    await made.calm()
    for (const shown of again) expect(JSON.stringify(shown.at(-1))).not.toContain('spoiled')
    expect(ann.client.hierarchy.findClass(task)).toBeDefined()
  })

  function commentOn(id: string): object {
    const header = { space: 'core:space:Tx', modifiedBy: 'account:ann', modifiedOn: 1, objectSpace: 'p1' }
    const attributes = { message: 'well' }
    const tx = {
      ...header,
      _id: 'ci',
      _class: 'core:class:TxCreateDoc',
      objectId: 'c1',
      objectClass: 'board:class:Comment',
      attributes,
    }
    return {
      ...header,
      _id: 'co',
      _class: 'core:class:TxCollectionCUD',
      objectId: id,
      objectClass: 'board:class:Task',
      collection: 'comments',
      tx,
    }
  }

  test('SDK-36: arguments of a call can be changed right after it, as the call has its own copy', async () => {
    const { made, ann } = await world(true)
    const { client } = ann
    const shown = results(ann)
    await made.calm()
    client.stop()
    const attributes = { title: 'given', labels: ['x'], rank: 'a' }
    const created = client.createDoc(board.class.Task, space, attributes)
    const operations = { labels: ['y'] }
    const updated = client.updateDoc(
      { _id: 't1' as Ref, _class: task, space: 'p1' as Ref<Space> },
      operations,
    )
    spoil([attributes, operations])
    attributes.labels.push('more')
    await made.pass(10)
    client.restart()
    await made.settled(Promise.all([created, updated]))
    client.pause()
    const query = { title: 'given' }
    const found = client.findAll(task, query)
    spoil(query)
    client.resume()
    expect((await made.settled(found)).map((doc) => (doc as unknown as Labelled).labels)).toStrictEqual([
      ['x'],
    ])
    await made.calm()
    expect(JSON.stringify(shown.at(-1))).not.toContain('spoiled')
    expect(Object.isFrozen(attributes.labels)).toBe(false)
  })

  test('SDK-36: each listener has its own copies, which stay the same while nothing changes', () => {
    const doc = { a: [1, { b: 2 }], when: new Date(0) }
    const [one, other, frozen] = [new CopyCache(false), new CopyCache(false), new CopyCache(true)]
    expect(one.of(doc)).not.toBe(doc)
    expect(one.of(doc)).toBe(one.of(doc))
    expect(one.of(doc)).not.toBe(other.of(doc))
    expect(one.of(doc)).toStrictEqual(doc)
    const poisoned = JSON.parse('{"__proto__":{"x":1}}') as object
    expect(Object.keys(one.of(poisoned))).toStrictEqual(['__proto__'])
    expect(Object.getPrototypeOf(one.of(poisoned))).toBe(Object.prototype)
    expect(frozen.of(doc)).toBe(doc)
  })
})
