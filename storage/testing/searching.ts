import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Condition, SortKey } from '../../model/query/plan.ts'
import { Search } from '../../model/query/search.ts'
import {
  batch,
  entry,
  eq,
  idsOf,
  noteClass,
  putAll,
  type SubjectFactory,
  task,
  taskSchema,
  withWorkspace,
} from './fixture.ts'
import { expectFor, expectThat } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

const words = fc.constantFrom(
  'glass',
  'Gläser',
  'door',
  'x1',
  'ΚΌΣΜΟΣ',
  'go',
  'good',
  '日本',
  '日本語',
  '本',
  'ภาษาไทย',
  'ไทย',
  'ｇｌａｓｓ',
  'gla\u0308s',
  '"go door"',
  '<b>',
)
const texts = fc.array(words, { maxLength: 4 }).map((some) => some.join(' '))
const spaces = fc.constantFrom('space-a', 'space-b')
const fields = fc.record({ title: texts, text: texts, space: spaces, rank: fc.nat() }, { requiredKeys: [] })
const step = fc.record({
  id: fc.nat({ max: 9 }),
  fields: fc.option(fields, { nil: undefined }),
  isAttached: fc.boolean(),
})
const steps = fc.array(step, { minLength: 1, maxLength: 8 })

/** The results of full-text search, and their details. */
export function describeSearching(name: string, make: SubjectFactory): void {
  const within = (run: Parameters<typeof withWorkspace>[2]) => () => withWorkspace(make, taskSchema, run)

  test(
    `STO-79: ${name} returns highlights of a search: a piece of the text, and positions in it`,
    within(async (workspace) => {
      const long = `${'word '.repeat(100)}😀 Glasses & <em>glass</em> ${'more '.repeat(100)}`
      await putAll(workspace, 0, [task('a', { title: 'A Glass door', text: ['none', long], rank: 'glass' })])
      const [hit] = await workspace.search({ text: 'gla DOO', limit: 10 })
      const [first, second, ...others] = hit?.highlights ?? []
      expect(others).toStrictEqual([])
      expect(first).toStrictEqual({
        field: 'title',
        text: 'A Glass door',
        marks: [
          [2, 7],
          [8, 12],
        ],
      })
      expectThat(second)
      expect([second.field, second.text.length <= 240]).toStrictEqual(['text', true])
      expect(long).toContain(second.text)
      const marked = second.marks.map(([from, to]) => second.text.slice(from, to))
      expect(marked).toStrictEqual(['Glasses', 'glass'])
      expect((await workspace.search({ text: 'ss', limit: 10 })).length).toStrictEqual(0)
    }),
  )

  test(
    `STO-80: ${name} finds documents of a class that is for its creator only for the account that created them`,
    within(async (workspace) => {
      const own = { _class: noteClass, title: 'glass' }
      await putAll(workspace, 0, [
        task('ann', { ...own, createdBy: 'ann' }),
        task('bob', { ...own, createdBy: 'bob' }),
        task('nobody', { ...own, createdBy: undefined }),
        task('task', { title: 'glass', createdBy: 'bob' }),
      ])
      const spaces = [task('any', {}).space]
      const classes = [task('any', {})._class, noteClass]
      const found = async (account: string, limit = 10) => {
        const visible = { account, spaces, classes, spaceClasses: [], creatorClasses: [noteClass] }
        return (await workspace.search({ text: 'glass', limit, visible })).map(({ id }) => id).sort()
      }
      expect(await found('ann')).toStrictEqual(['ann', 'task'])
      // Excluded documents do not count towards the limit.
      expect(await found('bob', 2)).toStrictEqual(['bob', 'task'])
      expect(await found('cid')).toStrictEqual(['task'])
      await putAll(workspace, 4, [task('bob', { ...own, createdBy: 'ann' })])
      expect(await found('ann')).toStrictEqual(['ann', 'bob', 'task'])
    }),
  )

  test(
    `STO-81: ${name} finds what a scan of all documents finds, whatever was committed`,
    within(async (workspace) => {
      const docs = new Map<string, Doc>()
      let seq = 0
      const property = fc.asyncProperty(
        steps,
        words,
        fc.option(words, { nil: '' }),
        async (changes, one, two) => {
          for (const change of changes) {
            const id = `t${change.id}`
            const before = docs.get(id)
            const doc = change.fields && ({ ...(before ?? task(id)), ...change.fields } as Doc)
            const puts = doc === undefined ? [] : [{ domain: 'task', doc }]
            const removes = doc === undefined ? [{ domain: 'task', id }] : []
            const entries = [entry(++seq, transaction(id, before && change.fields, change.isAttached))]
            await workspace.commit(batch({ entries, puts, removes }))
            if (doc === undefined) docs.delete(id)
            else docs.set(id, doc)
          }
          for (const text of [one, `${two} ${one.slice(0, 2)}`]) {
            const hits = await workspace.search({ text, limit: 100, spaces: ['space-a'] })
            const matching = [...docs.values()].filter((doc) => doc.space === 'space-a' && isFound(doc, text))
            const expected = matching.map(({ _id }) => _id as string).sort()
            expect(hits.map(({ id }) => id).sort()).toStrictEqual(expected)
            const search: Condition = { op: 'search', text, paths: [['title'], ['text']] }
            const condition: Condition = { op: 'all-of', conditions: [search, eq('space', 'space-a')] }
            expect((await idsOf(workspace, { condition })).sort()).toStrictEqual(expected)
          }
        },
      )
      await fc.assert(property, propertyParameters({ numRuns: 40, interruptAfterTimeLimit: 10_000 }))
    }),
  )

  test(
    `STO-86: ${name} sorts by words with the latest commit taken into account`,
    within(async (workspace) => {
      const condition: Condition = { op: 'search', text: 'glass', paths: [['title']] }
      const sort: SortKey[] = [{ path: ['rank'], order: 1, cases: [{ condition, index: 0 }], default: 1 }]
      await putAll(workspace, 0, [task('a', { title: 'glass' }), task('b', { title: 'door' })])
      expect(await idsOf(workspace, { sort, limit: 50 })).toStrictEqual(['a', 'b'])
      await putAll(workspace, 2, [task('a', { title: 'door' }), task('b', { title: 'glass' })])
      expect(await idsOf(workspace, { sort, limit: 50 })).toStrictEqual(['b', 'a'])
    }),
  )
}

/** Forms of words, phrases and accents, in the index and in a scan of the documents. */
export function describeSearchedForms(name: string, make: SubjectFactory): void {
  const schema = { domains: taskSchema.domains.map((domain) => ({ ...domain, accented: [noteClass] })) }
  const cases: [search: string, found: string[]][] = [
    ['resume', ['plain', 'accents']],
    ['résumé', ['plain', 'accents', 'note']],
    ['RÉSUMÉ', ['plain', 'accents', 'note']],
    ['京都', ['tokyo']],
    ['東都', []],
    ['"one two"', ['phrase']],
    ['"two one"', []],
    ['"two three"', []],
    ['"one" thr', ['phrase']],
  ]
  test(`STO-114: ${name} finds words in any Unicode form, phrases within one text, and accents by class`, () =>
    withWorkspace(make, schema, async (workspace) => {
      await putAll(workspace, 0, [
        task('plain', { title: 'resume' }),
        task('accents', { text: ['re\u0301sume\u0301'] }),
        task('note', { title: 'résumé', _class: noteClass }),
        task('tokyo', { text: '東京都庁' }),
        task('phrase', { text: ['one two', 'three'] }),
      ])
      for (const [text, expected] of cases) {
        const hits = await workspace.search({ text, limit: 10 })
        expectFor(text, hits.map(({ id }) => id).sort()).toStrictEqual([...expected].sort())
        const paths = [['title'], ['text']]
        const condition: Condition = { op: 'search', text, paths, accented: [noteClass] }
        expectFor(text, (await idsOf(workspace, { condition })).sort()).toStrictEqual([...expected].sort())
        expect(hits.every(({ highlights }) => highlights.length > 0)).toBe(true)
      }
    }))
}

/** The transaction of a change: the fields of an update, or a creation or removal. */
function transaction(
  objectId: string,
  operations: object | undefined,
  isAttached: boolean,
): Record<string, unknown> {
  const change =
    operations === undefined ? { objectId } : { _class: core.class.TxUpdateDoc, objectId, operations }
  return isAttached ? { _class: core.class.TxCollectionCUD, objectId: 'parent', tx: change } : change
}

function isFound(doc: Doc, query: string): boolean {
  const { title = '', text = '' } = doc as Doc & { title?: string; text?: string }
  return new Search({ text: query }).finds(doc._class, [title, text])
}
