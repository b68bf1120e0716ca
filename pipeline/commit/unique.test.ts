import { describe, expect, test } from '@jest/globals'
import { arrayOf, any, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { ann, base, bob, modulePipeline, testPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, change } from '../../tests/support/transactions.ts'
import { systemCaller } from '../shared/caller.ts'
import type { SyncTrigger } from '../modules/trigger.ts'
import {
  badge,
  create,
  Employee,
  Person,
  remove,
  uniqueModel,
  update,
} from '../../tests/modules/unique-module.ts'

const notUnique = (fields: string, _class: string = Person) =>
  expect.objectContaining({
    status: { severity: 'ERROR', code: 'platform:status:NotUnique', params: { _class, fields } },
  })

describe('unique keys', () => {
  test('MOD-107: a creation, update, mixin or move that takes a key of another document is refused with the class and the attributes, and changes nothing', async () => {
    const { pipeline, find } = await testPipeline({ model: uniqueModel })
    const commit = async (tx: Tx) => await pipeline.tx(ann, tx)
    await commit(create('a', { email: 'a', number: 1 }))
    await commit(create('b', { email: 'b', number: 2 }))
    await commit(badge('a', { code: 'x' }))
    await commit(create('far', { email: 'far', number: 1 }, { space: 'open' }))
    const before = pipeline.lastSeq()
    for (const [tx, fields, _class] of [
      [create('c', { email: 'a' }), 'email'],
      [create('c', { email: 'a' }, { _class: Employee }), 'email'],
      [create('c', { number: 2 }), 'space, number'],
      [update('b', { email: 'a' }), 'email'],
      [update('b', { $inc: { number: -1 } }), 'space, number'],
      [badge('b', { code: 'x' }), 'code', 'unique:mixin:Badge'],
      [update('b', { 'unique:mixin:Badge': { code: 'x' } }), 'code', 'unique:mixin:Badge'],
      [update('far', { space: 'p' }, { space: 'open' }), 'space, number'],
      [applyIf({ txes: [create('c', { email: 'c' }), create('d', { email: 'c' })] }), 'email'],
    ] as const)
      await expectFor(JSON.stringify(tx), commit(tx)).rejects.toThrow(notUnique(fields, _class) as never)
    expect(pipeline.lastSeq()).toBe(before)
    expect(await find(Person)).toHaveLength(3)
  })

  test('MOD-108: a key is free again after a change, a removal or when its document is not meant any more, and missing values and null collide with none', async () => {
    const { pipeline } = await testPipeline({ model: uniqueModel })
    const commit = async (tx: Tx) => await pipeline.tx(ann, tx)
    await commit(create('a', { email: 'a' }))
    await commit(update('a', { email: 'b' }))
    await commit(create('c', { email: 'a' }))
    await commit(remove('c'))
    await commit(create('d', { email: 'a' }))
    await commit(update('d', { archived: true }))
    await commit(create('e', { email: 'a' }))
    await expect(commit(update('d', { archived: false }))).rejects.toThrow(notUnique('email') as never)
    // The case counts, and so does the type.
    await commit(create('f', { email: 'A' }))
    for (const id of ['g', 'h']) await commit(create(id, { email: null }))
    for (const id of ['i', 'j']) await commit(create(id, {}))
    // A change of another attribute, and the same value again.
    await commit(update('e', { title: 't' }))
    await commit(update('e', { email: 'a' }))
    await commit(update('e', { $unset: { email: '' } }))
    await commit(update('d', { archived: false }))
  })

  test('MOD-109: within a request only its outcome counts: keys change hands in any order, and removals and creations do', async () => {
    const { pipeline, find } = await testPipeline({ model: uniqueModel })
    const commit = async (...txes: Tx[]) => await pipeline.tx(ann, applyIf({ txes }))
    await commit(create('a', { email: 'a' }), create('b', { email: 'b' }))
    await commit(update('a', { email: 'b' }), update('b', { email: 'a' }))
    await commit(create('c', { email: 'a' }), remove('b'))
    await commit(remove('c'), create('c', { email: 'a' }), update('a', { archived: true }))
    await commit(create('d', { email: 'b' }), update('d', { email: 'd' }), create('e', { email: 'b' }))
    await expect(commit(update('d', { email: 'x' }), update('e', { email: 'x' }))).rejects.toThrow(
      notUnique('email') as never,
    )
    const found = await find(Person, {}, { sort: { _id: 1 } })
    expect(found.map((doc) => [doc._id, (doc as { email?: string }).email])).toStrictEqual([
      ['a', 'b'],
      ['c', 'a'],
      ['d', 'd'],
      ['e', 'b'],
    ])
  })

  test('MOD-110: transactions that are committed together, and changes by triggers, respect keys', async () => {
    const copying: SyncTrigger = {
      kind: 'sync',
      name: 'copying',
      on: { classes: [Person], transactions: [core.class.TxUpdateDoc] },
      run: ({ after, bySender }) =>
        (after as { title?: string }).title === 'copy'
          ? [bySender.create(Person, after!.space, { email: (after as { email?: string }).email ?? '' })]
          : [],
    }
    const { pipeline, find } = await modulePipeline({ triggers: [copying] }, {}, { model: uniqueModel })
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((id) => pipeline.tx(ann, create(id, { email: 'same' }))),
    )
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'rejected'])
    await expect(pipeline.tx(ann, update('a', { title: 'copy' }))).rejects.toThrow(
      notUnique('email') as never,
    )
    expect(await find(Person)).toHaveLength(1)
  })

  test('MOD-111: the refusal names no document, also where the caller does not see the other one', async () => {
    const { pipeline } = await testPipeline({ model: uniqueModel })
    const secret = { name: 's', description: '', private: true, members: [bob.account], archived: false }
    await pipeline.tx(
      systemCaller,
      change(
        'core:class:TxCreateDoc',
        'secret',
        core.class.Space,
        { space: core.space.Space },
        { attributes: secret },
      ),
    )
    await pipeline.tx(bob, create('hidden', { email: 'a' }, { space: 'secret', by: bob.account }))
    const refused = await pipeline.tx(ann, create('a', { email: 'a' })).catch((error: unknown) => error)
    expect(refused).toStrictEqual(notUnique('email'))
    expect(String(refused)).not.toMatch(/hidden|secret/)
  })

  test('MOD-112: arrays, values of any type and wrong declarations are refused where they are declared', async () => {
    const declared = (unique: unknown, extra: object = {}) => {
      const builder = createModelBuilder('odd')
      const attributes = { list: arrayOf(string()), thing: any(), name: string(), ...extra }
      builder.class('Odd', { extends: core.class.Doc, domain: 'odd', attributes, unique: unique as never })
      return builder.transactions()
    }
    for (const unique of [
      [{ fields: ['list'] }],
      [{ fields: ['name', 'thing'] }],
      [{ fields: [] }],
      [{ fields: ['name', 'name'] }],
      [{ fields: ['a.b'] }],
      [{ fields: 'name' }],
      [{ fields: ['name'], where: [] }],
      { fields: ['name'] },
      [null],
    ])
      expectFor(JSON.stringify(unique), () => WorkspaceModel.of(declared(unique), base)).toThrow(
        'core:status:InvalidTransaction',
      )
    const { pipeline } = await testPipeline()
    const maintainer = systemCaller
    const commit = async (tx: Tx) => await pipeline.tx(maintainer, tx)
    const [odd, ...attributes] = declared([{ fields: ['name'], where: { $search: 'x' } }])
    await expect(commit(odd!)).rejects.toThrow('core:status:InvalidTransaction')
    await commit({ ...odd!, attributes: { ...odd!.attributes, unique: [{ fields: ['list'] }] } } as Tx)
    // The array is declared after the class.
    await expect(commit(attributes[0]!)).rejects.toThrow('core:status:InvalidTransaction')
  })
})
