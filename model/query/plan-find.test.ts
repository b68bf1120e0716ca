import { describe, expect, test } from '@jest/globals'
import { baseModel } from '../base-model.ts'
import { Bug, Comment, Estimated, Named, Task, boardHierarchy, coded, hierarchyOf } from '../fixture.ts'
import { core } from '../identifiers.ts'
import { planFind } from './plan-find.ts'
import type { FindOptions } from './query.ts'
import { satisfying } from '../../tests/support/expecting.ts'
import { expectThat } from '../../tests/support/expecting.ts'

const hierarchy = boardHierarchy()
const invalid = coded('core:status:InvalidQuery')
const isTask = { op: 'in', path: ['_class'], values: [Task, Bug] }

describe('planning a find', () => {
  test('DOC-20: a query of a class finds its descendants, and a query of a mixin the documents that carry it', () => {
    const plan = planFind(hierarchy, Task, { 'a.b': 1 })
    const field = { op: 'eq', path: ['a', 'b'], value: 1 }
    expect([plan.domain, plan.condition]).toStrictEqual([
      'task',
      { op: 'all-of', conditions: [isTask, field] },
    ])
    const carries = { op: 'exists', path: [Estimated], value: true }
    const mixin = planFind(hierarchy, Estimated, { hours: { $gt: 1 }, title: 'x' }, { sort: { hours: 1 } })
    expect(mixin.condition).toStrictEqual({
      op: 'all-of',
      conditions: [
        { op: 'all-of', conditions: [isTask, carries] },
        { op: 'gt', path: [Estimated, 'hours'], value: 1 },
        { op: 'eq', path: ['title'], value: 'x' },
      ],
    })
    expect(mixin.sort).toStrictEqual([{ path: [Estimated, 'hours'], order: 1 }])
  })

  test('DOC-20: a query of an interface finds its implementations when all of them share a domain', () => {
    expect(planFind(hierarchy, Named).domain).toBe('task')
  })

  test('DOC-21: an unknown class is refused', () => {
    expect(() => planFind(hierarchy, 'no:class:No')).toThrow(
      satisfying(coded('core:status:UnknownClass', { _class: 'no:class:No' })),
    )
    expect(() => planFind(hierarchyOf(baseModel), Task)).toThrow(
      satisfying(coded('core:status:UnknownClass')),
    )
  })

  const wrong: [Record<string, unknown>, unknown?][] = [
    [{ a: { $near: 1 } }],
    [{ a: { $gt: 1, b: 1 } }],
    [{ a: { $in: 1 } }],
    [{ a: { $gt: [1] } }],
    [{ a: { $exists: 'yes' } }],
    [{ a: { $size: -1 } }],
    [{ a: { $like: 1 } }],
    [{ a: { $options: 'i' } }],
    [{ $or: [] }],
    [{ $search: 1 }],
    [{ a: new Date(0) }],
    [{ '$lookup.none.a': 1 }],
    [{ a: { $in: Array.from({ length: 30_000 }, () => 1) } }],
    [{ [Array.from({ length: 40 }, () => 'a').join('.')]: 1 }],
    [{}, { limit: -1 }],
    [{}, { limit: 1.5 }],
    [{}, { limit: '1' }],
    [{}, { sort: { a: 2 } }],
    [{}, { sort: { a: { order: 1 } } }],
    [{}, { projection: { a: 1, b: 0 } }],
    [{}, { lookup: { a: 1 } }],
    [{}, { lookup: { a: core.class.Doc } }],
    [{}, { lookup: { _id: { 'a.b': Comment } } }],
  ]
  for (const [query, options] of wrong) {
    test(`DOC-21: an unknown operator, option or operand is refused: ${JSON.stringify([query, options]).slice(0, 70)}`, () => {
      expect(() => planFind(hierarchy, Task, query, options as FindOptions)).toThrow(satisfying(invalid))
    })
  }

  test('DOC-21: a class without a domain is refused', () => {
    expect(() => planFind(hierarchy, core.class.Doc)).toThrow(satisfying(invalid))
  })

  test('DOC-16: keys that reach a prototype are refused in queries', () => {
    const value = JSON.parse('{"__proto__":1}') as Record<string, unknown>
    expect(() => planFind(hierarchy, Task, value)).toThrow(satisfying(invalid))
    expect(() => planFind(hierarchy, Task, { a: value })).toThrow(satisfying(invalid))
    expect(() => planFind(hierarchy, Task, { 'a.constructor.name': 1 })).toThrow(satisfying(invalid))
    expect(() => planFind(hierarchy, Task, {}, { sort: value as never })).toThrow(satisfying(invalid))
    expect(() => planFind(hierarchy, Task, {}, { projection: value as never })).toThrow(satisfying(invalid))
    expect(() => planFind(hierarchy, Task, {}, { lookup: { _id: value as never } })).toThrow(
      satisfying(invalid),
    )
  })

  test('DOC-22: lookups go forward by an attribute, back by a reference, and can be nested', () => {
    const lookup = {
      assignee: core.class.Account,
      attachedTo: [Task, { assignee: core.class.Account }],
      _id: { notes: Comment },
    }
    const plan = planFind(hierarchy, Task, { '$lookup.attachedTo.$lookup.assignee.email': 'e' }, { lookup })
    const [assignee, attachedTo, notes] = plan.lookups
    const isAccount = { op: 'eq', path: ['_class'], value: core.class.Account }
    const forward = {
      name: 'assignee',
      direction: 'forward',
      path: ['assignee'],
      domain: 'model',
      condition: isAccount,
      nested: [],
    }
    expect(assignee).toStrictEqual(forward)
    expect([attachedTo?.condition, attachedTo?.nested]).toStrictEqual([isTask, [forward]])
    expect([notes?.direction, notes?.path, notes?.domain]).toStrictEqual([
      'reverse',
      ['attachedTo'],
      'comment',
    ])
    const email = { op: 'eq', path: ['email'], value: 'e' }
    const nested = {
      op: 'lookup',
      name: 'attachedTo',
      condition: { op: 'lookup', name: 'assignee', condition: email },
    }
    expect(plan.condition).toStrictEqual({ op: 'all-of', conditions: [isTask, nested] })
  })

  test('DOC-28: $search covers the full-text attributes of the class, its descendants and their mixins', () => {
    const plan = planFind(hierarchy, Task, { $search: 'x' })
    expectThat(plan.condition.op === 'all-of')
    const search = plan.condition.conditions[1]
    expectThat(search?.op === 'search')
    expect(search.paths).toStrictEqual([['title'], ['steps'], [Estimated, 'reasons']])
  })

  test('DOC-32: a limit of 0 is no limit, and the total counts matches only when it is requested', () => {
    expect([
      planFind(hierarchy, Task, {}, { limit: 0 }).limit,
      planFind(hierarchy, Task).total,
    ]).toStrictEqual([undefined, false])
    const plan = planFind(hierarchy, Task, {}, { limit: 3, total: true })
    expect([plan.limit, plan.total]).toStrictEqual([3, true])
  })

  test('DOC-32: a null query and null options count as none', () => {
    expect(planFind(hierarchy, Task, null, null)).toStrictEqual(planFind(hierarchy, Task))
  })
})
