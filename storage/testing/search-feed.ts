import { expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { waitUntil } from '../../tests/support/wait-until.ts'
import { Sqlite } from '../sqlite/file/sqlite.ts'
import { searchFeedLimits } from '../search/search-feed-limits.ts'
import { batch, entry, putAll, type SubjectFactory, task, taskSchema } from './fixture.ts'
import { onTestEnd } from '../../tests/support/on-test-end.ts'
import { expectThat } from '../../tests/support/expecting.ts'

/** The full-text index follows the log without searches. For storage that has one. */
export function describeSearchFeed(name: string, make: SubjectFactory): void {
  test(`STO-83: ${name} updates its full-text index within a second of a commit, without a search`, async () => {
    const { storage, indexFile, dispose } = await make()
    onTestEnd(dispose)
    expectThat(indexFile)
    expect(Math.max(searchFeedLimits.delay, searchFeedLimits.patience)).toBeLessThan(1000)
    const workspace = await storage.openWorkspace('workspace', taskSchema)
    const indexed = async (expected: string[]) => {
      const isThere = () => String(idsIn(indexFile('workspace'))) === String(expected)
      await waitUntil(isThere, `an index of ${String(expected)}`)
    }
    await putAll(workspace, 0, [task('a', { title: 'glass' })])
    await indexed(['a'])
    await putAll(workspace, 1, [task('b', { title: 'door' })])
    await indexed(['a', 'b'])
    const removes = [{ domain: 'task', id: 'a' }]
    await workspace.commit(batch({ entries: [entry(3, { objectId: 'a' })], removes }))
    await indexed(['b'])
  })
}

/** The content of the index, without a storage that would update it. */
function idsIn(file: string): string[] {
  if (!existsSync(file)) return []
  const db = new Sqlite(file, { readonly: true })
  try {
    const isMade = db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'search_doc'`).get() !== undefined
    return isMade ? (db.prepare('SELECT id FROM search_doc ORDER BY id').pluck().all() as string[]) : []
  } finally {
    db.close()
  }
}
