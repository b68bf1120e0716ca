import { expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withMongo } from '../../../tests/services/with-mongo.ts'
import type { WorkspaceStorage } from '../../contract.ts'
import { fileName } from '../../sqlite/file/file-name.ts'
import { Sqlite } from '../../sqlite/file/sqlite.ts'
import { batch, entry, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { temporarySubject } from '../../testing/mongodb-test-storage.ts'
import { onTestEnd } from '../../../tests/support/on-test-end.ts'

await withMongo(({ url }) => {
  const folder = async () => {
    const directory = await mkdtemp(join(tmpdir(), 'atrium-search-'))
    onTestEnd(() => rm(directory, { recursive: true, force: true }))
    return directory
  }
  const found = async (workspace: WorkspaceStorage) =>
    (await workspace.search({ text: 'glass', limit: 10 })).map(({ id }) => id).sort()

  test('STO-82: on MongoDB the full-text index continues from its file, and is rebuilt when the file is missing, damaged or of another epoch', async () => {
    const searchDirectory = await folder()
    const { storage, dispose } = temporarySubject(url, { searchDirectory })
    onTestEnd(dispose)
    const file = join(searchDirectory, fileName('w'))
    const docs = Array.from({ length: 520 }, (_, at) =>
      task(`t${at}`, { title: `glass ${at}`, rank: 'hidden' }),
    )
    let workspace = await storage.openWorkspace('w', taskSchema)
    for (let at = 0; at < docs.length; at += 130) await putAll(workspace, at, docs.slice(at, at + 130))
    const count = async () => (await workspace.search({ text: 'glass', limit: 2000 })).length
    expect(await count()).toBe(docs.length)
    expect(await workspace.search({ text: 'hidden', limit: 1 })).toStrictEqual([])
    const again = async (between: () => Promise<void>) => {
      await workspace.close()
      await between()
      workspace = await storage.openWorkspace('w', taskSchema)
      return await count()
    }
    const marked = () => sql(file, `UPDATE search_doc SET id = 'marked' WHERE id = 't1'`)
    const isMarked = () => sql(file, `SELECT count(*) FROM search_doc WHERE id = 'marked'`) === 1
    await again(async () => void (await Promise.resolve(marked())))
    // An unchanged marker means that the index was not rebuilt.
    expect(isMarked()).toBe(true)
    for (const break_ of [
      async () => await rm(file),
      async () => await writeFile(file, 'no database at all, not even in the beginning'),
      async () => {
        marked()
        const db = new Sqlite(file)
        db.prepare(`UPDATE "d_search-state" SET data = replace(data, '"epoch":"', '"epoch":"x')`).run()
        db.close()
        await Promise.resolve()
      },
    ]) {
      expect(await again(break_)).toBe(docs.length)
      expect(isMarked()).toBe(false)
    }
  })

  test('STO-82: on MongoDB the full-text index takes in what another server wrote and restored', async () => {
    const searchDirectory = await folder()
    const { storage, another, dispose } = temporarySubject(url, { searchDirectory })
    onTestEnd(dispose)
    const first = await storage.openWorkspace('w', taskSchema)
    await putAll(first, 0, [task('a', { title: 'glass' }), task('b', { title: 'glass' })])
    expect(await found(first)).toStrictEqual(['a', 'b'])
    await first.close()
    const other = another({ searchDirectory: await folder() })
    const second = await other.openWorkspace('w', taskSchema)
    const removes = [{ domain: 'task', id: 'a' }]
    await second.commit(batch({ entries: [entry(3, { objectId: 'a' })], puts: [], removes }))
    expect(await found(second)).toStrictEqual(['b'])
    await second.close()
    const third = await storage.openWorkspace('w', taskSchema)
    expect(await found(third)).toStrictEqual(['b'])
    await third.close()
    const fourth = await other.openWorkspace('w', taskSchema)
    await fourth.upload('task', [task('c', { title: 'glass' })])
    await fourth.clean('task', ['b'])
    expect(await found(fourth)).toStrictEqual(['c'])
    await fourth.close()
    const fifth = await storage.openWorkspace('w', taskSchema)
    expect(await found(fifth)).toStrictEqual(['c'])
  })

  test('STO-14: on MongoDB a search that runs while other fields are declared returns a result', async () => {
    const { storage, dispose } = temporarySubject(url, { searchDirectory: await folder() })
    onTestEnd(dispose)
    const workspace = await storage.openWorkspace('w', taskSchema)
    const docs = Array.from({ length: 60 }, (_, at) => task(`t${at}`, { title: 'glass', rank: 'glass' }))
    await putAll(workspace, 0, docs)
    const byRank = taskSchema.domains.map((domain) => ({ ...domain, fullText: [['rank']] }))
    for (let round = 0; round < 10; round++) {
      const searches = Array.from({ length: 5 }, () => workspace.search({ text: 'glass', limit: 300 }))
      await workspace.applySchema(round % 2 === 0 ? { domains: byRank } : taskSchema)
      const later = workspace.search({ text: 'glass', limit: 300 })
      for (const hits of await Promise.all([...searches, later])) expect(hits).toHaveLength(docs.length)
    }
  })
})

function sql(file: string, statement: string): unknown {
  const db = new Sqlite(file)
  try {
    const prepared = db.prepare(statement)
    return prepared.reader ? prepared.pluck().get() : prepared.run()
  } finally {
    db.close()
  }
}
