import { describe, expect, test } from '@jest/globals'
import type { Doc } from './documents.ts'
import { DocumentStore } from './document-store.ts'
import { Comment, Task, boardHierarchy, document } from './fixture.ts'
import { core } from './identifiers.ts'
import { compareValues } from './query/compare.ts'
import { planFind } from './query/plan-find.ts'
import type { DocumentQuery, FindOptions, FindResult } from './query/query.ts'

const hierarchy = boardHierarchy()

function storeOf(...docs: Record<string, unknown>[]): DocumentStore {
  const store = new DocumentStore()
  for (const fields of docs) {
    const doc = document(fields)
    store.put(hierarchy.domainOf(doc._class) as string, doc)
  }
  return store
}

function find(store: DocumentStore, query: DocumentQuery = {}, options: FindOptions = {}): FindResult {
  return store.find(planFind(hierarchy, Task, query, options))
}

function ids(docs: readonly Doc[]): string[] {
  return docs.map(({ _id }) => _id)
}

describe('document store', () => {
  test('DOC-29: values sort as missing, numbers, strings, objects, arrays, booleans', () => {
    const ordered = [null, -1, 2, 'B', 'a', '\uFFFD', '\u{1F600}', { a: 1 }, [1], false, true]
    const shuffled = [...ordered].reverse().sort(compareValues)
    expect(shuffled).toStrictEqual(ordered)
    expect(compareValues(undefined, null)).toBe(0)
  })

  test('DOC-29: an array sorts by its smallest item in ascending order and by its largest in descending order, and equal values by _id', () => {
    const store = storeOf(
      { _id: 'c', v: [5, 1] },
      { _id: 'b', v: 3 },
      { _id: 'a', v: 3 },
      { _id: 'd', v: [] },
    )
    expect(ids(find(store, {}, { sort: { v: 1 } }))).toStrictEqual(['d', 'c', 'a', 'b'])
    expect(ids(find(store, {}, { sort: { v: -1 } }))).toStrictEqual(['c', 'a', 'b', 'd'])
    expect(ids(find(store))).toStrictEqual(['a', 'b', 'c', 'd'])
  })

  test('DOC-30: a sort by cases uses the first case that applies, and puts documents without a case last unless a default index is given', () => {
    const store = storeOf({ _id: 'a', v: 1 }, { _id: 'b', v: 2 }, { _id: 'c', v: 9 })
    const cases = [
      { query: { $gt: 5 }, index: 1 },
      { query: 2, index: 2 },
      { query: { $gt: 0, $lt: 0 }, index: 9 },
    ]
    expect(ids(find(store, {}, { sort: { v: { order: 1, cases } } }))).toStrictEqual(['c', 'b', 'a'])
    expect(ids(find(store, {}, { sort: { v: { order: -1, cases } } }))).toStrictEqual(['b', 'c', 'a'])
    expect(ids(find(store, {}, { sort: { v: { order: 1, default: 0, cases } } }))).toStrictEqual([
      'a',
      'c',
      'b',
    ])
  })

  test('DOC-31: a projection keeps or drops fields, also within arrays, but never drops _id and _class', () => {
    const store = storeOf({ a: { b: 1, c: 2 }, list: [{ x: 1, y: 2 }, 3] })
    const [kept] = find(store, {}, { projection: { 'a.b': 1, 'list.x': 1 } })
    expect(kept).toStrictEqual({ _id: 'doc', _class: Task, a: { b: 1 }, list: [{ x: 1 }] })
    const [left] = find(
      store,
      {},
      { projection: { 'a.b': 0, 'list.x': 0, _class: 0, space: 0, modifiedBy: 0, modifiedOn: 0 } },
    )
    expect(left).toStrictEqual({ _id: 'doc', _class: Task, a: { c: 2 }, list: [{ y: 2 }, 3] })
  })

  test('DOC-32: a limit cuts the page, and the total counts all matches', () => {
    const store = storeOf({ _id: 'a' }, { _id: 'b' }, { _id: 'c' })
    const page = find(store, {}, { limit: 2, total: true })
    expect([ids(page), page.total]).toStrictEqual([['a', 'b'], 3])
    expect(find(store, {}, { limit: 2 }).total).toBe(-1)
  })

  test('DOC-32: a query by id finds the same documents as a scan', () => {
    const store = storeOf({ _id: 'a' }, { _id: 'b', v: 1 }, { _id: 'c' })
    expect(ids(find(store, { _id: { $in: ['c', 'b', 'c', 'x'] } as never }))).toStrictEqual(['b', 'c'])
    expect(ids(find(store, { _id: 'b' as never, v: 2 }))).toStrictEqual([])
  })

  const account = { _class: core.class.Account, email: 'e' }
  const family = [
    { _id: 't1', assignee: 'me', reviewers: ['you', 'none', 'me'], order: 1 },
    { _id: 't2', assignee: 'none', attachedTo: 't1', order: 2 },
    { ...account, _id: 'me', email: 'me@x' },
    { ...account, _id: 'you', email: 'you@x' },
    { _id: 'c2', _class: Comment, attachedTo: 't1' },
    { _id: 'c1', _class: Comment, attachedTo: 't1' },
  ]

  test('DOC-22: results contain the looked-up documents, including nested ones', () => {
    const lookup = {
      assignee: core.class.Account,
      reviewers: core.class.Account,
      attachedTo: [Task, { assignee: core.class.Account }],
      _id: { comments: Comment, subtasks: [Task, 'attachedTo'] },
    } as NonNullable<FindOptions['lookup']>
    const [first, second] = find(storeOf(...family), {}, { lookup })
    const { assignee, reviewers, comments, subtasks } = (first?.$lookup ?? {}) as Record<string, Doc & Doc[]>
    expect([assignee?._id, ids(reviewers ?? []), ids(comments ?? []), ids(subtasks ?? [])]).toStrictEqual([
      'me',
      ['you', 'me'],
      ['c1', 'c2'],
      ['t2'],
    ])
    const parent = second?.$lookup?.['attachedTo'] as FindResult[number] | undefined
    expect((parent?.$lookup?.['assignee'] as Doc | undefined)?._id).toBe('me')
    expect(second?.$lookup !== undefined && !('assignee' in second.$lookup)).toBe(true)
  })

  test('DOC-22: queries and sorts can use lookups', () => {
    const lookup = { assignee: core.class.Account }
    const store = storeOf(...family, { _id: 't3', assignee: 'you' })
    expect(ids(find(store, { '$lookup.assignee.email': { $like: 'me%' } }, { lookup }))).toStrictEqual(['t1'])
    expect(ids(find(store, {}, { lookup, sort: { '$lookup.assignee.email': -1 } }))).toStrictEqual([
      't3',
      't1',
      't2',
    ])
  })

  test('DOC-33: the store finds the documents that are attached to a document, as they change', () => {
    const store = storeOf(...family)
    const attached = (id: string): string[] => ids(store.attached(id).map(({ doc }) => doc)).sort()
    expect(attached('t1')).toStrictEqual(['c1', 'c2', 't2'])
    store.put('comment', document({ _id: 'c1', _class: Comment, attachedTo: 't2' }))
    store.remove('comment', 'c2')
    expect([attached('t1'), attached('t2')]).toStrictEqual([['t2'], ['c1']])
    store.clear()
    expect([attached('t1'), [...store.documents('task')]]).toStrictEqual([[], []])
  })
})
