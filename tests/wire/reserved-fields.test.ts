import { expect, test } from '@jest/globals'
import { create, type Encoding, inEachSetting, Member, update } from '../authority/members.ts'
import { type RawError, RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'
import { ann as caller, testPipeline } from '../support/test-pipeline.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { expectFor } from '../support/expecting.ts'

const Note = 'shop:class:Note'
const Remark = 'shop:class:Remark'
const Task = 'board:class:Task'
const HASH = '%hash%'
const inModel = { space: 'core:space:Model' }
const test1 = 'board:project:test'

/** Ann, who is admitted after an administrator has created classes that are not strict. */
async function withNotes(server: TestServer, encoding: Encoding): Promise<Member> {
  const root = await Member.enter(server, 'root', encoding)
  const declare = (id: string, attributes: object) =>
    root.does(create(id, 'core:class:Class', { kind: 0, label: 'x', ...attributes }, inModel))
  await declare(Note, { extends: 'core:class:Doc', domain: 'note' })
  await declare(Remark, { extends: 'core:class:AttachedDoc', domain: 'remark' })
  await root.does(create('shop:mixin:X', 'core:class:Mixin', { kind: 2, label: 'x', extends: Note }, inModel))
  return await Member.enter(server, 'ann', encoding)
}

async function refusal(member: Member, tx: object): Promise<unknown> {
  const found: unknown = await member.does(tx).then(
    () => 'taken',
    (error: RawError) => [error.code, error.status.params['field']],
  )
  return found
}

const mixin = (id: string, name: string, attributes: object) =>
  change('core:class:TxMixin', id, Note, {}, { mixin: name, attributes })

function hashWrites(): Record<string, object> {
  const inner = create('r1', Remark, { [HASH]: 'x' })
  return {
    creation: create('n2', Note, { text: 'x', [HASH]: 'x' }),
    update: update('n1', Note, { [HASH]: 'x' }, test1),
    path: update('n1', Note, { [`${HASH}.x`]: 1 }, test1),
    number: update('n1', Note, { $inc: { [HASH]: 1 } }, test1),
    list: update('n1', Note, { $push: { [HASH]: 1 } }, test1),
    'inside an apply-if': applyIf({ txes: [create('n3', Note, {}), create('n4', Note, { [HASH]: 1 })] }),
    attached: change('core:class:TxCollectionCUD', 'n1', Note, {}, { collection: 'remarks', tx: inner }),
    'of the transaction': { ...create('n5', Note, {}), [HASH]: 'x' },
  }
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-243: a transaction that writes %hash% at the top level of a document or of itself is refused, ${name}`, async () => {
    const server = await testServer(flags())
    const root = await Member.enter(server, 'root', encoding)
    const ann = await withNotes(server, encoding)
    await ann.does(create('n1', Note, { text: 'x', inside: { [HASH]: 'kept' } }))
    const remarks = { attributeOf: Note, name: 'remarks', label: 'x' }
    const type = { _class: 'core:class:Collection', of: Remark }
    await root.does(create('shop:attribute:remarks', 'core:class:Attribute', { ...remarks, type }, inModel))
    for (const [what, tx] of Object.entries(hashWrites()))
      expectFor(what, await refusal(ann, tx)).toStrictEqual(['core:status:InvalidTransaction', HASH])
    // A value that a restore does not remove.
    await ann.does(mixin('n1', 'shop:mixin:X', { [HASH]: 'kept' }))
    await ann.does(update('n1', Note, { $unset: { [HASH]: '' }, text: HASH }, test1))
    const notes = await ann.find<Doc & Record<string, unknown>>(Note)
    expect(
      notes.map((doc) => [doc._id, doc[HASH], doc['inside'], doc['shop:mixin:X'], doc['text']]),
    ).toStrictEqual([['n1', undefined, { [HASH]: 'kept' }, { [HASH]: 'kept' }, HASH]])
    const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
    const hash = await tool.request('getDomainHash', ['note'])
    const [doc] = (await tool.request('loadDocs', ['note', ['n1']])) as object[]
    await tool.request('upload', ['note', [{ ...doc, [HASH]: 'x' }]])
    expect(await tool.request('getDomainHash', ['note'])).toBe(hash)
  })

  test(`WIRE-244: a creation with a part of its attached fields is refused, and the missing part is named, ${name}`, async () => {
    const server = await testServer(flags())
    const ann = await withNotes(server, encoding)
    await ann.does(createTask('t1', { title: 'x' }))
    const whole = { attachedTo: 't1', attachedToClass: Task, collection: 'comments' } as const
    const { attachedTo, attachedToClass, collection } = whole
    const parts: [object, string][] = [
      [{ attachedTo }, 'attachedToClass'],
      [{ attachedToClass }, 'attachedTo'],
      [{ collection }, 'attachedTo'],
      [{ attachedTo, attachedToClass }, 'collection'],
      [{ attachedTo, collection }, 'attachedToClass'],
      [{ attachedToClass, collection }, 'attachedTo'],
    ]
    for (const _class of ['board:class:Comment', Remark, Note, 'core:class:Attribute'])
      for (const [part, field] of parts) {
        const tx = { ...create('part', _class, { message: 'x' }), ...part }
        expectFor(_class, await refusal(ann, tx)).toStrictEqual(['core:status:InvalidTransaction', field])
        // The missing part among the attributes does not complete it.
        const split = { ...create('part', _class, { message: 'x', ...whole }), ...part }
        expectFor(_class, await refusal(ann, split)).toStrictEqual(['core:status:InvalidTransaction', field])
      }
    await ann.does({ ...create('c1', 'board:class:Comment', { message: 'x' }), ...whole })
    await ann.does(create('n1', Note, {}))
    const inner = { ...create('c2', 'board:class:Comment', { message: 'x' }), collection }
    await ann.does(change('core:class:TxCollectionCUD', 't1', Task, {}, { collection, tx: inner }))
    const [task] = await ann.find<{ comments: number }>(Task, { _id: 't1' })
    expect(task?.comments).toBe(2)
  })
})

test('WIRE-243: a document that already has %hash% can still be changed, which removes the field', async () => {
  const storage = createMemoryStorage()
  const before = await testPipeline({ storage })
  await before.pipeline.tx(caller, createTask('t1', { title: 'x' }))
  const [doc] = await before.pipeline.storage.get('task' as Domain, ['t1'])
  await before.pipeline.storage.upload('task' as Domain, [{ ...doc, [HASH]: { old: 1 } } as unknown as Doc])
  await before.pipeline.close()
  const { pipeline, find } = await testPipeline({ storage })
  const hashes = async () =>
    (await find(Task)).map((task) => (task as unknown as Record<string, unknown>)[HASH])
  await pipeline.tx(caller, updateTask('t1', { title: 'y' }))
  expect(await hashes()).toStrictEqual([{ old: 1 }])
  await expect(pipeline.tx(caller, updateTask('t1', { [HASH]: 'new' }))).rejects.toThrow(/InvalidTransaction/)
  await pipeline.tx(caller, updateTask('t1', { $unset: { [HASH]: '' } }))
  expect(await hashes()).toStrictEqual([undefined])
})
