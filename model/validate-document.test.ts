import { describe, expect, test } from '@jest/globals'
import { applyTransaction } from './apply-transaction.ts'
import type { Doc, Ref } from './documents.ts'
import {
  Estimated,
  Named,
  Task,
  boardHierarchy,
  coded,
  createTx,
  document,
  mixinTx,
  updateTx,
} from './fixture.ts'
import { core } from './identifiers.ts'
import type { TxMixin, UpdateOperations } from './transactions.ts'
import { validateMixin } from './mixin-values.ts'
import { validateCreate, validateUpdate } from './validate-document.ts'
import { satisfying } from '../tests/support/expecting.ts'

const hierarchy = boardHierarchy()
const whole = { title: 't', state: 'done', votes: 1 }

describe('validation of documents', () => {
  test('DOC-37: a creation requires a known class, the required attributes, and values of the declared types', () => {
    const create = (attributes: Record<string, unknown>, objectClass = Task as Ref): unknown =>
      validateCreate(hierarchy, createTx(attributes, { objectClass: objectClass as never }))
    expect(() => create(whole, 'no:class:No' as Ref)).toThrow(satisfying(coded('core:status:UnknownClass')))
    expect(() => create(whole, Estimated)).toThrow(satisfying(coded('core:status:InvalidTransaction')))
    expect(() => create(whole, Named)).toThrow(satisfying(coded('core:status:InvalidTransaction')))
    for (const title of [undefined, null]) {
      const missing = coded('core:status:MissingAttribute', { _class: Task, attribute: 'title' })
      expect(() => create({ ...whole, title })).toThrow(satisfying(missing))
    }
    const wrong: [string, unknown, string][] = [
      ['title', 1, 'string'],
      ['votes', '1', 'number'],
      ['state', 'lost', 'one of todo, done'],
      ['assignee', 1, 'string'],
      ['tags', 'x', 'array'],
      ['tags', ['x', 1], 'array of string'],
      ['comments', 'x', 'number'],
    ]
    for (const [attribute, value, expected] of wrong) {
      const invalid = coded('core:status:InvalidAttribute', { _class: Task, attribute, expected })
      expect(() => create({ ...whole, [attribute]: value })).toThrow(satisfying(invalid))
    }
  })

  test('DOC-37: undeclared attributes are accepted, and so is null for an attribute that is not required', () => {
    const tx = createTx({ ...whole, assignee: null, unknown: new Map() as never, tags: ['a'] })
    expect(validateCreate(hierarchy, tx)).toBe(tx)
  })

  test('DOC-38: a creation that leaves out attributes gets their defaults, each document its own copy', () => {
    const filled = validateCreate(hierarchy, createTx({ title: 't' }))
    expect(filled.attributes).toStrictEqual({ title: 't', state: 'todo', votes: 0 })
    const space = (): unknown =>
      validateCreate(hierarchy, createTx({ name: 's' }, { objectClass: core.class.Space })).attributes[
        'members'
      ]
    expect(space()).toStrictEqual([])
    expect(space()).not.toBe(space())
  })

  test('DOC-39: an update is validated only in the attributes that it changes', () => {
    const check = (operations: UpdateOperations, before: Record<string, unknown> = whole): void => {
      const tx = updateTx(operations)
      validateUpdate(hierarchy, tx, applyTransaction(document(before), tx) as Doc)
    }
    check({ votes: 2 }, { title: 1 })
    check({ $push: { tags: 'a' }, undeclared: 1, assignee: null })
    const wrong = coded('core:status:InvalidAttribute', { attribute: 'tags', expected: 'array of string' })
    expect(() => check({ $push: { tags: 1 } })).toThrow(satisfying(wrong))
    expect(() => check({ 'title.x': 1 }, {})).toThrow(
      satisfying(coded('core:status:InvalidAttribute', { attribute: 'title' })),
    )
    expect(() => check({ $unset: { title: true } })).toThrow(
      satisfying(coded('core:status:MissingAttribute', { attribute: 'title' })),
    )
    expect(() => check({ $pushMixin: { $mixin: Estimated, values: { reasons: 1 } } })).toThrow(
      satisfying(coded('core:status:MissingAttribute')),
    )
  })

  test('DOC-40: a mixin is applied only to documents of its class, with its required attributes', () => {
    const check = (
      attributes: TxMixin['attributes'],
      change: Partial<TxMixin> = {},
      before = document(),
    ): void => {
      const tx = mixinTx(attributes, change)
      validateMixin(hierarchy, tx, applyTransaction(before, tx) as Doc)
    }
    check({ hours: 1 })
    expect(() => check({})).toThrow(
      satisfying(coded('core:status:MissingAttribute', { _class: Estimated, attribute: 'hours' })),
    )
    expect(() => check({ hours: 'x' })).toThrow(
      satisfying(coded('core:status:InvalidAttribute', { attribute: 'hours' })),
    )
    expect(() => check({ hours: 1 }, { mixin: Task as never })).toThrow(
      satisfying(coded('core:status:InvalidTransaction')),
    )
    expect(() => check({ hours: 1 }, { mixin: 'no:mixin:No' as never })).toThrow(
      satisfying(coded('core:status:UnknownClass')),
    )
    const space = document({ _class: core.class.Space })
    expect(() => check({ hours: 1 }, {}, space)).toThrow(satisfying(coded('core:status:InvalidTransaction')))
  })
})
