import { describe, expect, test } from '@jest/globals'
import { applyTransaction } from './apply-transaction.ts'
import { number, string } from './attribute-types.ts'
import { baseModel } from './base-model.ts'
import { createModelBuilder } from './builder.ts'
import type { Class, Doc, Ref } from './documents.ts'
import { coded, createTx, document, hierarchyOf, mixinTx, updateTx } from './fixture.ts'
import { core } from './identifiers.ts'
import { validateMixin } from './mixin-values.ts'
import type { UpdateOperations } from './transactions.ts'
import { validateCreate, validateUpdate } from './validate-document.ts'
import { satisfying } from '../tests/support/expecting.ts'

const builder = createModelBuilder('s')
const Item = builder.class('Item', {
  extends: core.class.Doc,
  domain: 'item',
  attributes: { title: string() },
})
const Lax = builder.class('Lax', { extends: Item, strict: false })
const Sized = builder.interface('Sized', { attributes: { size: number() } })
const Priced = builder.mixin('Priced', {
  extends: Item,
  implements: [Sized],
  attributes: { price: number({ required: true }), note: string() },
})
const Dearer = builder.mixin('Dearer', { extends: Priced, attributes: { by: number() } })
const LaxMixin = builder.mixin('LaxMixin', { extends: Item, strict: false, attributes: { x: number() } })
const hierarchy = hierarchyOf([...baseModel, ...builder.transactions()])

const invalid = (attribute: string, expected: string) =>
  coded('core:status:InvalidAttribute', { attribute, expected })
const missing = coded('core:status:MissingAttribute', { _class: Priced, attribute: 'price' })

/** Values under the id of `Priced`, with the refused field. */
const wrong: [unknown, (error: unknown) => boolean][] = [
  [{ price: 'many' }, invalid('price', 'number')],
  [{ price: 1, note: 2 }, invalid('note', 'string')],
  [{ price: 1, size: 'x' }, invalid('size', 'number')],
  [{ price: 1, prize: 1 }, invalid('prize', 'a declared attribute')],
  [{ price: 1, title: 'x' }, invalid('title', 'a declared attribute')],
  [{}, missing],
  ...[5, 'x', false, null, [], [{ price: 1 }]].map((value): [unknown, (error: unknown) => boolean] => [
    value,
    invalid(Priced, 'object'),
  ]),
]

function create(attributes: Record<string, unknown>, objectClass: Ref<Class> = Item): void {
  validateCreate(hierarchy, createTx(attributes, { objectClass }))
}

function update(operations: object, fields: Record<string, unknown> = {}): void {
  const tx = updateTx(operations as UpdateOperations)
  validateUpdate(hierarchy, tx, applyTransaction(document({ _class: Item, ...fields }), tx) as Doc)
}

function mix(mixin: Ref<Class>, attributes: UpdateOperations, fields: Record<string, unknown> = {}): void {
  const tx = mixinTx(attributes, { mixin })
  validateMixin(hierarchy, tx, applyTransaction(document({ _class: Item, ...fields }), tx) as Doc)
}

describe('values of mixins', () => {
  test('DOC-69: a creation requires an object of declared fields for a mixin, whether the class is strict or not', () => {
    for (const _class of [Item, Lax]) {
      for (const [value, refused] of wrong)
        expect(() => create({ [Priced]: value }, _class)).toThrow(satisfying(refused))
      create({ [Priced]: { price: 1, note: null, size: 2 }, [LaxMixin]: { x: 1, whatever: 2 } }, _class)
      expect(() => create({ [LaxMixin]: { x: 'x' } }, _class)).toThrow(satisfying(invalid('x', 'number')))
    }
  })

  test('DOC-69: an update requires an object of declared fields for a mixin, whatever the operator', () => {
    for (const _class of [Item, Lax])
      for (const [value, refused] of wrong)
        expect(() => update({ [Priced]: value }, { _class })).toThrow(satisfying(refused))
    const priced = { [Priced]: { price: 1 } }
    for (const operations of [
      { [`${Priced}.price`]: 'many' },
      { [`${Priced}.price.deep`]: 1 },
      { $push: { [`${Priced}.price`]: 1 } },
      { $pushMixin: { $mixin: Priced, values: { price: 1 } } },
    ])
      expect(() => update(operations)).toThrow(satisfying(invalid('price', 'number')))
    for (const operations of [{ $inc: { [Priced]: 1 } }, { $push: { [Priced]: { price: 1 } } }])
      expect(() => update(operations)).toThrow(satisfying(invalid(Priced, 'object')))
    expect(() => update({ [`${Priced}.note`]: 'x' })).toThrow(satisfying(missing))
    expect(() => update({ $unset: { [`${Priced}.price`]: '' } }, priced)).toThrow(satisfying(missing))
    expect(() => update({ [`${Priced}.title`]: 'x' }, priced)).toThrow(
      satisfying(invalid('title', 'a declared attribute')),
    )
    update({ $inc: { [`${Priced}.price`]: 1 }, [`${Priced}.note`]: 'x' }, priced)
    update({ [Priced]: { price: 2 } }, priced)
  })

  test('DOC-69: a mixin can be removed, and an invalid earlier value can be corrected', () => {
    for (const value of [{ price: 1 }, 5, null, [{ price: 1 }]]) {
      update({ $unset: { [Priced]: '' } }, { [Priced]: value })
      update({ [Priced]: { price: 1 } }, { [Priced]: value })
      update({ title: 'y' }, { [Priced]: value })
    }
    update(
      { [`${Priced}.note`]: 'x', $unset: { [`${Priced}.old`]: '' } },
      { [Priced]: { price: 'x', old: 1 } },
    )
  })

  test('DOC-70: a mixin has its own fields and those of the mixins it extends, not those of its class', () => {
    for (const attributes of [{ title: 5 }, { title: 'x' }, { modifiedBy: 'x' }, { $push: { title: 'x' } }])
      expect(() => mix(Priced, { price: 1, ...attributes } as UpdateOperations)).toThrow(
        satisfying(
          coded('core:status:InvalidAttribute', { _class: Priced, expected: 'a declared attribute' }),
        ),
      )
    mix(Priced, { price: 1, size: 2 })
    expect(() => mix(Priced, { price: 1, size: 'x' })).toThrow(satisfying(invalid('size', 'number')))
    mix(Dearer, { by: 1 })
    mix(Dearer, { price: 2, by: 1 })
    for (const attributes of [{ price: 'x' }, { 'price.deep': 1 }, { $push: { price: 1 } }])
      expect(() => mix(Dearer, attributes as UpdateOperations)).toThrow(
        satisfying(invalid('price', 'number')),
      )
    expect(() => create({ [Dearer]: { price: 'x' } })).toThrow(satisfying(invalid('price', 'number')))
  })
})
