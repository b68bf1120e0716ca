import { describe, expect, test } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FindPlan } from '../../model/query/plan.ts'
import { eq, plan, putAll, task, taskSchema } from '../testing/fixture.ts'
import { SyncReads } from './sync-reads.ts'
import { onTestEnd } from '../../tests/support/on-test-end.ts'
import { temporarySubject } from '../testing/sqlite-test-storage.ts'
import type { Registered } from './worker/running-worker.ts'

/** The simulated duration of each read, in milliseconds. */
let pace = 0
let time = 0

async function withReads(
  run: (reads: SyncReads, registered: Registered, path: string) => void | Promise<void>,
): Promise<void> {
  const { storage, directory, dispose } = await temporarySubject()
  const reads = new SyncReads({ maxOpenFiles: 4, now: () => (time += pace) })
  pace = 0
  try {
    const workspace = await storage.openWorkspace('w', taskSchema)
    await putAll(workspace, 0, [task('a', { rank: 'r1', title: 'one' }), task('b', { rank: 'r2' })])
    const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.db')) ?? '')
    const registered = { workspace: 1, attachment: { file, schema: taskSchema } }
    await run(reads, registered, file)
    reads.release(registered)
  } finally {
    await dispose()
  }
}

const byId: FindPlan = plan({ condition: eq('_id', 'a'), limit: 1 })
const page: FindPlan = plan({
  condition: eq('space', 'space-a'),
  sort: [{ path: ['rank'], order: 1 }],
  limit: 2,
})

const ids = (text: string | undefined) =>
  text === undefined ? undefined : (JSON.parse(`[${text}]`) as { _id: string }[]).map(({ _id }) => _id)

describe('reads on the event loop', () => {
  test('STO-29: a document by id and a page along an index are read on the event loop, and a read that may scan is not', async () => {
    await withReads((reads, registered) => {
      expect(ids(reads.page(registered, byId)?.text)).toStrictEqual(['a'])
      expect(ids(reads.page(registered, page)?.text)).toStrictEqual(['a', 'b'])
      const longer: FindPlan[] = [
        { ...page, limit: undefined },
        { ...page, limit: 201 },
        { ...page, total: true },
        { ...page, condition: eq('title', 'one') },
        { ...page, sort: [{ path: ['title'], order: 1 }] },
      ]
      for (const each of longer) expect(reads.page(registered, each)).toBeUndefined()
    })
  })

  test('STO-29: reads that repeatedly take long go to a reader thread, and those of another shape do not', async () => {
    await withReads((reads, registered) => {
      pace = 5
      for (let read = 0; read < 3; read++) expect(reads.page(registered, page)).toBeDefined()
      pace = 0
      expect(reads.page(registered, page)).toBeUndefined()
      expect(reads.page(registered, byId)).toBeDefined()
    })
  })

  test('STO-29: slow reads are tried on the event loop again after a pause, which doubles while they are still slow', async () => {
    await withReads((reads, registered) => {
      const isRead = () => reads.page(registered, page) !== undefined
      pace = 5
      expect([1, 2, 3].map(isRead)).toStrictEqual([true, true, true])
      const since = time
      pace = 0
      time = since + 900
      expect(isRead()).toBe(false)
      time = since + 1100
      pace = 5
      expect(isRead()).toBe(true)
      const again = time
      pace = 0
      time = again + 1900
      expect(isRead()).toBe(false)
      time = again + 2100
      expect([isRead(), isRead()]).toStrictEqual([true, true])
      pace = 5
      expect([1, 2, 3, 4].map(isRead)).toStrictEqual([true, true, true, false])
    })
  })

  test('STO-29: a single slow read changes nothing', async () => {
    await withReads((reads, registered) => {
      for (let read = 0; read < 8; read++) {
        pace = read % 3 === 0 ? 5 : 0
        expect(reads.page(registered, page)).toBeDefined()
      }
    })
  })

  test('LIM-94: large documents, and a page that skips many rows, are not read on the event loop', async () => {
    const { storage, directory, dispose } = await temporarySubject()
    onTestEnd(dispose)
    const workspace = await storage.openWorkspace('w', taskSchema)
    const text = 'x'.repeat(600 * 1024)
    await putAll(workspace, 0, [task('a', { text }), task('b', { text })])
    const hidden = Array.from({ length: 2000 }, (_, at) =>
      task(`t${at}`, { space: 'space-b', rank: `r${at}` }),
    )
    await putAll(workspace, 2, hidden)
    const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.db')) ?? '')
    const registered = { workspace: 1, attachment: { file, schema: taskSchema } }
    let clock = 0
    const reads = new SyncReads({ maxOpenFiles: 4, now: () => clock++ })
    onTestEnd(() => reads.release(registered))
    expect(ids(reads.page(registered, byId)?.text)).toStrictEqual(['a'])
    expect(reads.page(registered, page)).toBeUndefined()
    const visible = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9']
    const skipping = plan({
      condition: { op: 'in', path: ['space'], values: visible, isRule: true },
      sort: [{ path: ['rank'], order: 1 }],
      limit: 1,
    })
    clock = 0
    expect(reads.page(registered, skipping)).toBeUndefined()
    // Stopped after the milliseconds that it may take: the clock counts looks at it.
    expect(clock).toBeLessThan(20)
    expect((await workspace.find(skipping)).length).toBe(0)
    expect((await workspace.find(page)).length).toBe(2)
  })

  test('STO-29: the error of a missing file is reported by a reader thread', async () => {
    await withReads((reads, registered, path) => {
      const gone = { workspace: 2, attachment: { file: `${path}.gone`, schema: taskSchema } }
      expect(reads.page(gone, byId)).toBeUndefined()
      expect(reads.page(registered, byId)).toBeDefined()
    })
  })
})
