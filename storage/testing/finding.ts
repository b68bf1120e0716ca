import { expect, test } from '@jest/globals'
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

/** Named cases, in addition to the random plans of the equivalence test. */
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
    `STO-8: ${name} encodes results in parts within the limits, and a larger document is a part of its own`,
    within([...numbered, task('t99', { text: 'é'.repeat(1000) })], async (workspace) => {
      const found = await workspace.findEncoded(plan({ total: true }), { maxBytes: 700, maxCount: 3 })
      const parts = await allParts(found)
      const texts = parts.map(textOf)
      const docs = texts.map((text) => JSON.parse(`[${text}]`) as Doc[])
      expect([docs.flat().length, found.total]).toStrictEqual([21, 21])
      expect(docs.flat()).toStrictEqual([...(await workspace.find(plan()))])
      for (const [index, part] of parts.entries()) {
        expect(Buffer.byteLength(part) <= 700 || docs[index]?.length === 1).toBe(true)
        expect(docs[index]?.length ?? 0).toBeLessThanOrEqual(3)
      }
      const nothing = await workspace.findEncoded(plan({ condition: eq('_id', 'none') }), {
        maxBytes: 700,
        maxCount: 3,
      })
      expect(nothing).toStrictEqual({ parts: [], total: -1 })
    }),
  )

  test(
    `STO-9: ${name} counts all matching documents when the total is requested, and returns -1 otherwise`,
    within(numbered, async (workspace) => {
      const condition = eq('rank', 'r1')
      expect((await workspace.find(plan({ condition, limit: 2, total: true }))).total).toBe(7)
      expect((await workspace.find(plan({ condition, limit: 0, total: true }))).total).toBe(7)
      expect((await workspace.find(plan({ condition, limit: 2 }))).total).toBe(-1)
      expect((await workspace.find(plan({ domain: 'none', total: true }))).total).toBe(0)
    }),
  )

  test(
    `STO-10: ${name} joins looked-up documents, and sorts and filters can use them`,
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
        expect(found.map((doc) => [doc._id, joinedIds(doc, 'ref')])).toStrictEqual([
          ['c2', ['p2']],
          ['c1', ['p1']],
        ])
        const parents = await workspace.find(
          plan({
            condition: { op: 'lookup', name: 'children', condition: eq('_id', 'c1') },
            lookups: [children],
          }),
        )
        expect(parents.map((doc) => doc._id)).toStrictEqual(['p1'])
        expect(parents.map((doc) => joinedIds(doc, 'children'))).toStrictEqual([['c1']])
      },
    ),
  )

  test(
    `STO-11: ${name} sorts by cases, with documents without a case last in either order`,
    within(numbered.slice(0, 4), async (workspace) => {
      const cases = [
        { condition: eq('rank', 'r2'), index: 0 },
        { condition: eq('rank', 'r1'), index: 1 },
      ]
      const sorted = (order: 1 | -1) => idsOf(workspace, { sort: [{ path: ['rank'], order, cases }] })
      expect(await sorted(1)).toStrictEqual(['t02', 't01', 't00', 't03'])
      expect(await sorted(-1)).toStrictEqual(['t01', 't02', 't00', 't03'])
    }),
  )

  test(
    `STO-11: ${name} sorts by cases with numbers before strings, and strings by code point`,
    within(numbered.slice(0, 5), async (workspace) => {
      const cases = ['b', 10, '10', '9'].map((index, at) => ({ condition: eq('_id', `t0${at}`), index }))
      const sorted = (order: 1 | -1, fallback?: string | number) =>
        idsOf(workspace, { sort: [{ path: ['rank'], order, cases, default: fallback }] })
      expect(await sorted(1)).toStrictEqual(['t01', 't02', 't03', 't00', 't04'])
      expect(await sorted(-1)).toStrictEqual(['t00', 't03', 't02', 't01', 't04'])
      expect(await sorted(1, 'a')).toStrictEqual(['t01', 't02', 't03', 't04', 't00'])
      expect(await sorted(-1, 9)).toStrictEqual(['t00', 't03', 't02', 't01', 't04'])
    }),
  )

  test(
    `STO-26: ${name} finds the same by a path that is newly declared, no longer declared, and declared again`,
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
        expect(await found()).toStrictEqual(index === 0 ? [['t1'], ...expected.slice(1)] : expected)
      }
    }),
  )

  test(
    `STO-12: ${name} returns each existing document once, whatever characters its id has`,
    within([task('q\'u"o\u0000te'), task('😀'.repeat(500)), task('a')], async (workspace) => {
      const ids = ['q\'u"o\u0000te', '😀'.repeat(500), 'a', 'a', 'none']
      const found = await workspace.get('task', ids)
      expect(new Set(found.map((doc) => doc._id))).toStrictEqual(new Set(ids.slice(0, 3)))
      expect(found).toHaveLength(3)
      const many = [...ids, ...Array.from({ length: 2000 }, (_, index) => `none-${index}`)]
      expect(await workspace.get('task', many)).toHaveLength(3)
      expect(await idsOf(workspace, { condition: { op: 'in', path: ['_id'], values: many } })).toStrictEqual(
        found.map((doc) => doc._id).sort(),
      )
    }),
  )

  test(
    `STO-7: ${name} separates types, sorts strings by code point, and finds nothing for an empty list`,
    within(
      [
        task('a', { v: '\uffee' }),
        task('b', { v: '😀' }),
        task('c', { v: 1 }),
        task('d', { v: true }),
        task('e', { v: '1' }),
      ],
      async (workspace) => {
        expect(await idsOf(workspace, { sort: [{ path: ['v'], order: 1 }] })).toStrictEqual([
          'c',
          'e',
          'a',
          'b',
          'd',
        ])
        expect(await idsOf(workspace, { condition: eq('v', 1) })).toStrictEqual(['c'])
        expect(await idsOf(workspace, { condition: eq('v', true) })).toStrictEqual(['d'])
        expect(await idsOf(workspace, { condition: eq('v', '1') })).toStrictEqual(['e'])
        expect(await idsOf(workspace, { condition: { op: 'in', path: ['v'], values: [] } })).toStrictEqual([])
        expect(
          await idsOf(workspace, { condition: { op: 'gt', path: ['v'], value: '\uffee' } }),
        ).toStrictEqual(['b'])
      },
    ),
  )

  test(
    `STO-7: ${name} treats names from the wire as names only`,
    within(
      [task('a', { "x'); DROP TABLE d_task; --": 1 }), task('b', { 'a"b': 1, _class: noteClass })],
      async (workspace) => {
        expect(await idsOf(workspace, { condition: eq("x'); DROP TABLE d_task; --", 1) })).toStrictEqual([
          'a',
        ])
        expect(await idsOf(workspace, { condition: eq('a"b', 1) })).toStrictEqual(['b'])
        expect(await idsOf(workspace, { domain: 'x"; DROP TABLE d_task; --' })).toStrictEqual([])
        expect(await idsOf(workspace, {})).toHaveLength(2)
      },
    ),
  )
}

function joinedIds(doc: WithLookup<Doc>, name: string): string[] {
  const joined = doc.$lookup?.[name] as Doc | Doc[] | undefined
  return [joined ?? []].flat().map(({ _id }) => _id)
}
