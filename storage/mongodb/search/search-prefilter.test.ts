import { expect, test } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { withMongo } from '../../../tests/services/with-mongo.ts'
import type { Condition } from '../../../model/query/plan.ts'
import type { WorkspaceStorage } from '../../contract.ts'
import { Sqlite } from '../../sqlite/file/sqlite.ts'
import { batch, decoded, entry, eq, idsOf, plan, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { temporarySubject } from '../../testing/mongodb-test-storage.ts'
import { expectThat } from '../../../tests/support/expecting.ts'
import { onTestEnd } from '../../../tests/support/on-test-end.ts'

const allOf = (...conditions: Condition[]): Condition => ({ op: 'all-of', conditions })
const words = (text: string, ...names: string[]): Condition => {
  return { op: 'search', text, paths: names.map((name) => [name]) }
}
const glass = words('gla', 'title', 'text')

await withMongo(({ url }) => {
  test('STO-84: on MongoDB a query by words uses the full-text index, which includes earlier commits', async () => {
    const { workspace, forget } = await indexed([
      task('known', { title: 'a glass', rank: 'glass' }),
      task('forgotten', { title: 'glass', rank: 'glass' }),
      task('door', { title: 'door', rank: 'no glass' }),
    ])
    forget('forgotten')
    const found = async (condition: Condition) => (await idsOf(workspace, { condition })).sort()
    expect(await found(glass)).toStrictEqual(['known'])
    const deeper: Condition = { op: 'exists', path: ['free', 'x'], value: false }
    expect(await found(allOf(allOf(glass, deeper), eq('space', 'space-a')))).toStrictEqual(['known'])
    expect(await found({ op: 'any-of', conditions: [glass, eq('rank', 'no glass')] })).toStrictEqual([
      'door',
      'known',
    ])
    const wanted = plan({ condition: allOf(glass), total: true })
    const { docs, total } = await decoded(workspace, wanted)
    expect([docs.map(({ _id }) => _id), total]).toStrictEqual([['known'], 1])
    // The documents are scanned where the index is incomplete, or cannot decide.
    expect(await found(words('gla', 'title', 'rank'))).toStrictEqual(['door', 'forgotten', 'known'])
    expect(await found({ op: 'none-of', conditions: [glass] })).toStrictEqual(['door'])
    const puts = [task('known', { title: 'door' }), task('new', { text: 'glass' })]
    await putAll(workspace, 3, puts)
    expect(await found(glass)).toStrictEqual(['new'])
    const removes = [{ domain: 'task', id: 'new' }]
    await workspace.commit(batch({ entries: [entry(6, { objectId: 'new' })], removes }))
    expect(await found(glass)).toStrictEqual([])
  })

  test('STO-84: on MongoDB a query by words that match too many documents does not use the full-text index', async () => {
    const docs = Array.from({ length: 21 }, (_, at) => task(`t${at}`, { title: 'glass', rank: `${at % 10}` }))
    const { workspace, forget } = await indexed(docs, { maxPrefilterIds: 20 })
    forget('t11')
    const count = async (condition: Condition) => {
      return (await workspace.find(plan({ condition, limit: 0, total: true }))).total
    }
    // One is missing from the index: 20 are within the limit.
    expect(await count(glass)).toBe(20)
    await putAll(workspace, docs.length, [task('one more', { title: 'glass' })])
    expect(await count(glass)).toBe(22)
  })

  test('STO-84: on MongoDB a query by words finds all documents while the index is built, and when its file is damaged', async () => {
    const { workspace, storage, file, change } = await indexed([task('a', { title: 'glass' })])
    await workspace.close()
    await writeFile(file, 'no database at all, not even in the beginning')
    const again = await storage.openWorkspace('w', taskSchema)
    expect(await idsOf(again, { condition: glass })).toStrictEqual(['a'])
    await again.search({ text: 'glass', limit: 1 })
    expect(await idsOf(again, { condition: glass })).toStrictEqual(['a'])
    change('DELETE FROM search_data WHERE id > 10')
    expect(await idsOf(again, { condition: glass })).toStrictEqual(['a'])
    await again.search({ text: 'glass', limit: 1 })
    expect(await idsOf(again, { condition: glass })).toStrictEqual(['a'])
    const other = { domains: [{ domain: 'task', indexes: [], fullText: [['rank']] }] }
    await again.applySchema(other)
    expect(await idsOf(again, { condition: glass })).toStrictEqual(['a'])
    expect(await idsOf(again, { condition: words('gla', 'rank') })).toStrictEqual([])
  })

  /** A workspace with an index from which documents can be removed. */
  async function indexed(
    docs: Parameters<typeof putAll>[2],
    options: Parameters<typeof temporarySubject>[1] = {},
  ) {
    const { storage, indexFile, dispose } = temporarySubject(url, options)
    onTestEnd(dispose)
    const workspace: WorkspaceStorage = await storage.openWorkspace('w', taskSchema)
    await putAll(workspace, 0, docs)
    await workspace.search({ text: 'glass', limit: 1 })
    expectThat(indexFile)
    const file = indexFile('w')
    const change = (sql: string, ...values: string[]) => {
      const db = new Sqlite(file)
      db.unsafeMode()
        .prepare(sql)
        .run(...values)
      db.close()
    }
    const forget = (id: string) => change('DELETE FROM search_doc WHERE id = ?', id)
    return { workspace, storage, file, change, forget }
  }
})
