import { describe, expect, test } from '@jest/globals'
import { applyTransaction } from './apply-transaction.ts'
import { any, number, string } from './attribute-types.ts'
import { baseModel } from './base-model.ts'
import { createModelBuilder } from './builder.ts'
import type { Class, Doc, Ref } from './documents.ts'
import { coded, createTx, document, hierarchyOf, mixinTx, updateTx } from './fixture.ts'
import { core } from './identifiers.ts'
import type { UpdateOperations } from './transactions.ts'
import { validateMixin } from './mixin-values.ts'
import { validateCreate, validateUpdate } from './validate-document.ts'
import { expectFor, satisfying } from '../tests/support/expecting.ts'

const builder = createModelBuilder('s')
const Strict = builder.class('Strict', {
  extends: core.class.Doc,
  domain: 'strict',
  attributes: { title: string(), meta: any() },
})
const Child = builder.class('Child', { extends: Strict, strict: false })
const Priced = builder.mixin('Priced', { extends: Strict, attributes: { price: number() } })
const Dearer = builder.mixin('Dearer', { extends: Priced, attributes: { by: number() } })
const Other = builder.mixin('Other', { extends: core.class.Space, attributes: { x: number() } })
const old = createModelBuilder('o', { strict: false })
const Lax = old.class('Lax', { extends: core.class.Doc, domain: 'lax' })
const LaxMixin = old.mixin('LaxMixin', { extends: Strict, strict: false })
const Grandchild = old.class('Grandchild', { extends: Strict })
const hierarchy = hierarchyOf([...baseModel, ...builder.transactions(), ...old.transactions()])
const undeclared = (name: string) => coded('core:status:InvalidAttribute', { attribute: name })

describe('strict classes', () => {
  test('DOC-55: classes and mixins of a builder are strict unless the builder or an ancestor says otherwise', () => {
    const strict = [Strict, Child, Priced, Dearer, Lax, LaxMixin, Grandchild].map((id) =>
      hierarchy.isStrict(id),
    )
    expect(strict).toStrictEqual([true, false, true, true, false, false, true])
    for (const id of Object.values(core.class))
      if (hierarchy.findClass(id)) expectFor(id, hierarchy.isStrict(id)).toBe(false)
  })

  test('DOC-55: the strict option is a boolean', () => {
    const wrong = createModelBuilder('w')
    wrong.class('W', { extends: core.class.Doc, strict: 'yes' as never })
    expect(() => hierarchyOf([...baseModel, ...wrong.transactions()])).toThrow(
      satisfying(coded('core:status:InvalidTransaction')),
    )
  })

  test('DOC-54: a document of a strict class is created with declared fields only, its mixins included', () => {
    const create = (attributes: Record<string, unknown>, objectClass: Ref<Class> = Strict) =>
      validateCreate(hierarchy, createTx(attributes, { objectClass }))
    create({ title: 'x', meta: { any: { thing: 1 } }, createdOn: 5 })
    create({ title: 'x', [Priced]: { price: 1 }, [Dearer]: { price: 1, by: 2 }, [LaxMixin]: { whatever: 1 } })
    for (const [attributes, name] of [
      [{ titel: 'x' }, 'titel'],
      [{ '': 1 }, ''],
      [{ 'meta.any': 1 }, 'meta.any'],
      [{ toString: 1 }, 'toString'],
      [{ [Other]: { x: 1 } }, Other],
      [{ [Priced]: { prize: 1 } }, 'prize'],
    ] as const)
      expect(() => create(attributes)).toThrow(satisfying(undeclared(name)))
    create({ titel: 'x' }, Child)
    create({ titel: 'x' }, Lax)
    expect(() => create({ titel: 'x' }, Grandchild)).toThrow(satisfying(undeclared('titel')))
  })

  test('DOC-54: an update sets only declared fields of a strict class, and can remove any field', () => {
    const before = { _class: Strict, title: 'x', stale: 1, [Priced]: { price: 1, stale: 2 } }
    const check = (operations: UpdateOperations, fields: Record<string, unknown> = before) => {
      const tx = updateTx(operations)
      validateUpdate(hierarchy, tx, applyTransaction(document(fields), tx) as Doc)
    }
    check({ title: 'y', 'meta.deep.er': 1, $push: { 'meta.list': 1 } }, { _class: Strict })
    check({ $unset: { stale: true, never: true, [`${Priced}.stale`]: true } })
    check({ [`${Priced}.price`]: 2, $pushMixin: { $mixin: LaxMixin, values: { list: 1 } } })
    check({ space: core.space.Configuration })
    for (const [operations, name] of [
      [{ titel: 1 }, 'titel'],
      [{ 'titel.x': 1 }, 'titel'],
      [{ $push: { list: 1 } }, 'list'],
      [{ $inc: { count: 1 } }, 'count'],
      [{ stale: 2 }, 'stale'],
      [{ [Priced]: { price: 1, prize: 2 } }, 'prize'],
      [{ [`${Priced}.prize`]: 2 }, 'prize'],
      [{ $pushMixin: { $mixin: Priced, values: { prizes: 1 } } }, 'prizes'],
    ] as const)
      expect(() => check(operations as UpdateOperations)).toThrow(satisfying(undeclared(name)))
    check({ titel: 1 }, { _class: Child })
  })

  test('DOC-54: a strict mixin accepts only its declared fields and those of its ancestors', () => {
    const check = (mixin: string, attributes: UpdateOperations) => {
      const tx = mixinTx(attributes, { mixin: mixin as Ref<Class> })
      validateMixin(hierarchy, tx, applyTransaction(document({ _class: Strict }), tx) as Doc)
    }
    check(Priced, { price: 1, $unset: { stale: true } })
    check(Dearer, { price: 1, by: 2 })
    check(LaxMixin, { whatever: 1 })
    expect(() => check(Priced, { prize: 1 })).toThrow(satisfying(undeclared('prize')))
    expect(() => check(Priced, { $push: { list: 1 } })).toThrow(satisfying(undeclared('list')))
  })
})
