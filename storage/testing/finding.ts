import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Doc } from '../../model/documents.ts'
import type { Condition, LookupPlan, Path } from '../../model/query/plan.ts'
import type { WithLookup } from '../../model/query/query.ts'
import { allParts } from '../shared/encode.ts'
import {
  eq,
  idsOf,
  noteClass,
  plan,
  putAll,
  type SubjectFactory,
  task,
  taskSchema,
  textOf,
  withWorkspace,
} from './fixture.ts'

/** What a reader would want to see named, beside the random plans of the equivalence test. */
export function describeFinding(name: string, make: SubjectFactory): void {
  const within = (docs: readonly Doc[], run: Parameters<typeof withWorkspace>[2]) => () =>
    withWorkspace(make, taskSchema, async (workspace, storage) => {
      await putAll(workspace, 0, docs)
      await run(workspace, storage)
    })
  const numbered = Array.from({ length: 20 }, (_, index) =>
    task(`t${String(index).padStart(2, '0')}`, { rank: `r${index % 3}` }),
  )

  test(
    `STO-8: ${name} encodes what it finds in parts within the limits, a larger document in a part of its own`,
    within([...numbered, task('t99', { text: 'é'.repeat(1000) })], async (workspace) => {
      const found = await workspace.findEncoded(plan({ total: true }), { maxBytes: 700, maxCount: 3 })
      const parts = await allParts(found)
      const texts = parts.map(textOf)
      const docs = texts.map((text) => JSON.parse(`[${text}]`) as Doc[])
      assert.deepEqual([docs.flat().length, found.total], [21, 21])
      assert.deepEqual(docs.flat(), [...(await workspace.find(plan()))])
      for (const [index, part] of parts.entries()) {
        assert.ok(Buffer.byteLength(part) <= 700 || docs[index]?.length === 1)
        assert.ok((docs[index]?.length ?? 0) <= 3)
      }
      const nothing = await workspace.findEncoded(plan({ condition: eq('_id', 'none') }), {
        maxBytes: 700,
        maxCount: 3,
      })
      assert.deepEqual(nothing, { parts: [], total: -1 })
    }),
  )

  test(
    `STO-9: ${name} counts all that match when asked, and says -1 otherwise`,
    within(numbered, async (workspace) => {
      const condition = eq('rank', 'r1')
      assert.equal((await workspace.find(plan({ condition, limit: 2, total: true }))).total, 7)
      assert.equal((await workspace.find(plan({ condition, limit: 0, total: true }))).total, 7)
      assert.equal((await workspace.find(plan({ condition, limit: 2 }))).total, -1)
      assert.equal((await workspace.find(plan({ domain: 'none', total: true }))).total, 0)
    }),
  )

  test(
    `STO-10: ${name} joins looked-up documents, and sorts and filters by them`,
    within(
      [
        task('p1', { rank: 'b' }),
        task('p2', { rank: 'a' }),
        task('c1', { ref: 'p1' }),
        task('c2', { ref: 'p2' }),
      ],
      async (workspace) => {
        const all: Condition = { op: 'all-of', conditions: [] }
        const parent: LookupPlan = {
          name: 'ref',
          direction: 'forward',
          path: ['ref'],
          domain: 'task',
          condition: all,
          nested: [],
        }
        const children: LookupPlan = { ...parent, name: 'children', direction: 'reverse' }
        const wanted = plan({
          condition: { op: 'exists', path: ['ref'], value: true },
          lookups: [parent],
          sort: [{ lookup: 'ref', path: ['rank'], order: 1 }],
        })
        const found = await workspace.find(wanted)
        assert.deepEqual(
          found.map((doc) => [doc._id, joinedIds(doc, 'ref')]),
          [
            ['c2', ['p2']],
            ['c1', ['p1']],
          ],
        )
        const parents = await workspace.find(
          plan({
            condition: { op: 'lookup', name: 'children', condition: eq('_id', 'c1') },
            lookups: [children],
          }),
        )
        assert.deepEqual(
          parents.map((doc) => doc._id),
          ['p1'],
        )
        assert.deepEqual(
          parents.map((doc) => joinedIds(doc, 'children')),
          [['c1']],
        )
      },
    ),
  )

  test(
    `STO-11: ${name} sorts by cases, those of no case last in either order`,
    within(numbered.slice(0, 4), async (workspace) => {
      const cases = [
        { condition: eq('rank', 'r2'), index: 0 },
        { condition: eq('rank', 'r1'), index: 1 },
      ]
      const sorted = (order: 1 | -1) => idsOf(workspace, { sort: [{ path: ['rank'], order, cases }] })
      assert.deepEqual(await sorted(1), ['t02', 't01', 't00', 't03'])
      assert.deepEqual(await sorted(-1), ['t01', 't02', 't00', 't03'])
    }),
  )

  test(
    `STO-11: ${name} sorts by cases with numbers before strings, and strings by code point`,
    within(numbered.slice(0, 5), async (workspace) => {
      const cases = ['b', 10, '10', '9'].map((index, at) => ({ condition: eq('_id', `t0${at}`), index }))
      const sorted = (order: 1 | -1, fallback?: string | number) =>
        idsOf(workspace, { sort: [{ path: ['rank'], order, cases, default: fallback }] })
      assert.deepEqual(await sorted(1), ['t01', 't02', 't03', 't00', 't04'])
      assert.deepEqual(await sorted(-1), ['t00', 't03', 't02', 't01', 't04'])
      assert.deepEqual(await sorted(1, 'a'), ['t01', 't02', 't03', 't04', 't00'])
      assert.deepEqual(await sorted(-1, 9), ['t00', 't03', 't02', 't01', 't04'])
    }),
  )

  test(
    `STO-26: ${name} finds the same by a path that is declared later, no longer, and again`,
    within([], async (workspace) => {
      const values = ['r1', ['r1', true], { a: 1 }, true, null, 1, [{ x: 'r1' }], '\ud800', '\ufffd']
      const docs = values.map((free, index) => task(`t${index}`, { free }))
      const found = async () => [
        await idsOf(workspace, { condition: eq('free', 'r1') }),
        await idsOf(workspace, { condition: eq('free', true), limit: 9 }),
        await idsOf(workspace, { condition: { op: 'gt', path: ['free', 'x'], value: 'a' }, limit: 9 }),
      ]
      await putAll(workspace, 0, docs.slice(1))
      const declared = (...paths: Path[]) => ({
        domains: [
          {
            domain: 'task',
            indexes: paths.map((path) => ({ keys: [{ path, order: 1 as const }] })),
            fullText: [],
          },
        ],
      })
      const both = declared(['free'], ['free', 'x'])
      const schemas = [both, declared(), both]
      const expected = [['t0', 't1'], ['t1', 't3'], ['t6']]
      for (const [index, schema] of schemas.entries()) {
        const late = index === 1 ? docs.slice(0, 1) : []
        await Promise.all([workspace.applySchema(schema), putAll(workspace, docs.length - 1, late)])
        assert.deepEqual(await found(), index === 0 ? [['t1'], ...expected.slice(1)] : expected)
      }
    }),
  )

  test(
    `STO-12: ${name} gets each document that is there once, whatever its id looks like`,
    within([task('q\'u"o\u0000te'), task('😀'.repeat(500)), task('a')], async (workspace) => {
      const ids = ['q\'u"o\u0000te', '😀'.repeat(500), 'a', 'a', 'none']
      const found = await workspace.get('task', ids)
      assert.deepEqual(new Set(found.map((doc) => doc._id)), new Set(ids.slice(0, 3)))
      assert.equal(found.length, 3)
      const many = [...ids, ...Array.from({ length: 2000 }, (_, index) => `none-${index}`)]
      assert.equal((await workspace.get('task', many)).length, 3)
      assert.deepEqual(
        await idsOf(workspace, { condition: { op: 'in', path: ['_id'], values: many } }),
        found.map((doc) => doc._id).sort(),
      )
    }),
  )

  test(
    `STO-7: ${name} keeps types apart, orders text by code point, and finds nothing in an empty list`,
    within(
      [
        task('a', { v: '\uffee' }),
        task('b', { v: '😀' }),
        task('c', { v: 1 }),
        task('d', { v: true }),
        task('e', { v: '1' }),
      ],
      async (workspace) => {
        assert.deepEqual(await idsOf(workspace, { sort: [{ path: ['v'], order: 1 }] }), [
          'c',
          'e',
          'a',
          'b',
          'd',
        ])
        assert.deepEqual(await idsOf(workspace, { condition: eq('v', 1) }), ['c'])
        assert.deepEqual(await idsOf(workspace, { condition: eq('v', true) }), ['d'])
        assert.deepEqual(await idsOf(workspace, { condition: eq('v', '1') }), ['e'])
        assert.deepEqual(await idsOf(workspace, { condition: { op: 'in', path: ['v'], values: [] } }), [])
        assert.deepEqual(await idsOf(workspace, { condition: { op: 'gt', path: ['v'], value: '\uffee' } }), [
          'b',
        ])
      },
    ),
  )

  test(
    `STO-7: ${name} takes names from the wire as names`,
    within(
      [task('a', { "x'); DROP TABLE d_task; --": 1 }), task('b', { 'a"b': 1, _class: noteClass })],
      async (workspace) => {
        assert.deepEqual(await idsOf(workspace, { condition: eq("x'); DROP TABLE d_task; --", 1) }), ['a'])
        assert.deepEqual(await idsOf(workspace, { condition: eq('a"b', 1) }), ['b'])
        assert.deepEqual(await idsOf(workspace, { domain: 'x"; DROP TABLE d_task; --' }), [])
        assert.equal((await idsOf(workspace, {})).length, 2)
      },
    ),
  )
}

function joinedIds(doc: WithLookup<Doc>, name: string): string[] {
  const joined = doc.$lookup?.[name] as Doc | Doc[] | undefined
  return [joined ?? []].flat().map(({ _id }) => _id)
}
