import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { withMongo } from '../../../tests/services/with-mongo.ts'
import type { Condition } from '../../../model/query/plan.ts'
import type { WorkspaceStorage } from '../../contract.ts'
import { Sqlite } from '../../sqlite/file/sqlite.ts'
import { batch, decoded, entry, eq, idsOf, plan, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { temporarySubject } from '../../testing/mongodb-test-storage.ts'

const allOf = (...conditions: Condition[]): Condition => ({ op: 'all-of', conditions })
const words = (text: string, ...names: string[]): Condition => {
  return { op: 'search', text, paths: names.map((name) => [name]) }
}
const glass = words('gla', 'title', 'text')

await withMongo(({ url }) => {
  test('STO-84: on MongoDB a find by words asks the index, which has taken in what was committed', async (context) => {
    const { workspace, forget } = await indexed(context, [
      task('known', { title: 'a glass', rank: 'glass' }),
      task('forgotten', { title: 'glass', rank: 'glass' }),
      task('door', { title: 'door', rank: 'no glass' }),
    ])
    forget('forgotten')
    const found = async (condition: Condition) => (await idsOf(workspace, { condition })).sort()
    assert.deepEqual(await found(glass), ['known'])
    const deeper: Condition = { op: 'exists', path: ['free', 'x'], value: false }
    assert.deepEqual(await found(allOf(allOf(glass, deeper), eq('space', 'space-a'))), ['known'])
    assert.deepEqual(await found({ op: 'any-of', conditions: [glass, eq('rank', 'no glass')] }), [
      'door',
      'known',
    ])
    const wanted = plan({ condition: allOf(glass), total: true })
    const { docs, total } = await decoded(workspace, wanted)
    assert.deepEqual([docs.map(({ _id }) => _id), total], [['known'], 1])
    // What is not in the index, or the index does not decide, is looked for in the documents.
    assert.deepEqual(await found(words('gla', 'title', 'rank')), ['door', 'forgotten', 'known'])
    assert.deepEqual(await found({ op: 'none-of', conditions: [glass] }), ['door'])
    const puts = [task('known', { title: 'door' }), task('new', { text: 'glass' })]
    await putAll(workspace, 3, puts)
    assert.deepEqual(await found(glass), ['new'])
    const removes = [{ domain: 'task', id: 'new' }]
    await workspace.commit(batch({ entries: [entry(6, { objectId: 'new' })], removes }))
    assert.deepEqual(await found(glass), [])
  })

  test('STO-84: on MongoDB a find by words that too many documents have does without the index', async (context) => {
    const docs = Array.from({ length: 21 }, (_, at) => task(`t${at}`, { title: 'glass', rank: `${at % 10}` }))
    const { workspace, forget } = await indexed(context, docs, { maxPrefilterIds: 20 })
    forget('t11')
    const count = async (condition: Condition) => {
      return (await workspace.find(plan({ condition, limit: 0, total: true }))).total
    }
    // One is forgotten: 20 are not too many.
    assert.equal(await count(glass), 20)
    await putAll(workspace, docs.length, [task('one more', { title: 'glass' })])
    assert.equal(await count(glass), 22)
  })

  test('STO-84: on MongoDB a find by words finds all while the index is made, and when its file is damaged', async (context) => {
    const { workspace, storage, file, change } = await indexed(context, [task('a', { title: 'glass' })])
    await workspace.close()
    await writeFile(file, 'no database at all, not even in the beginning')
    const again = await storage.openWorkspace('w', taskSchema)
    assert.deepEqual(await idsOf(again, { condition: glass }), ['a'])
    await again.search({ text: 'glass', limit: 1 })
    assert.deepEqual(await idsOf(again, { condition: glass }), ['a'])
    change('DELETE FROM search_data WHERE id > 10')
    assert.deepEqual(await idsOf(again, { condition: glass }), ['a'])
    await again.search({ text: 'glass', limit: 1 })
    assert.deepEqual(await idsOf(again, { condition: glass }), ['a'])
    const other = { domains: [{ domain: 'task', indexes: [], fullText: [['rank']] }] }
    await again.applySchema(other)
    assert.deepEqual(await idsOf(again, { condition: glass }), ['a'])
    assert.deepEqual(await idsOf(again, { condition: words('gla', 'rank') }), [])
  })

  /** A workspace with an index, from which documents can be taken out. */
  async function indexed(
    context: { after: (run: () => Promise<void>) => void },
    docs: Parameters<typeof putAll>[2],
    options: Parameters<typeof temporarySubject>[1] = {},
  ) {
    const { storage, indexFile, dispose } = temporarySubject(url, options)
    context.after(dispose)
    const workspace: WorkspaceStorage = await storage.openWorkspace('w', taskSchema)
    await putAll(workspace, 0, docs)
    await workspace.search({ text: 'glass', limit: 1 })
    assert.ok(indexFile)
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
