import { describe, expect, test } from '@jest/globals'
import type { Doc } from '../../../model/documents.ts'
import type { Condition, FindPlan } from '../../../model/query/plan.ts'
import { onTestEnd } from '../../../tests/support/on-test-end.ts'
import { ReadTimeoutError } from '../../shared/read-timeout.ts'
import { silentObserver, type StorageObserver } from '../../storage-observer.ts'
import type { WorkspaceStorage } from '../../contract.ts'
import { eq, plan, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { temporarySubject } from '../../testing/sqlite-test-storage.ts'
import type { SqliteStorageOptions } from '../storage.ts'

const timedOut = expect.objectContaining({ name: 'ReadTimeoutError', code: 'timeout' })
/** Longer than a test may take. */
const forever = 3_600_000

/** Tests every pair of documents: `many` documents take hours. */
const everyPair: FindPlan = plan({
  condition: { op: 'lookup', name: 'none', condition: eq('title', 'none') },
  lookups: [
    {
      name: 'none',
      direction: 'reverse',
      path: ['parent'],
      domain: 'task',
      condition: { op: 'all-of', conditions: [] },
      nested: [],
    },
  ],
})
const many = Array.from({ length: 30_000 }, (_, at) => task(`t${at}`, { title: `${at}`, parent: 'none' }))

/** Goes through an array of every document again and again, without a row between. */
const nativeOnly: Condition = {
  op: 'all-of',
  conditions: Array.from({ length: 40 }, (_, at) => ({ op: 'nin', path: ['long'], values: [`x${at}`] })),
}
const large = [task('large', { long: Array.from({ length: 1_000_000 }, (_, at) => `v${at}`) })]

type Options = Partial<SqliteStorageOptions> & { observer?: StorageObserver }

/** Two workspaces: the first one has these documents, the second one a single task. */
async function twoWorkspaces(
  docs: readonly Doc[],
  { observer = silentObserver, ...options }: Options = {},
): Promise<[WorkspaceStorage, WorkspaceStorage]> {
  const { storage, dispose } = await temporarySubject(options)
  onTestEnd(dispose)
  storage.observe?.(observer)
  const first = await storage.openWorkspace('first', taskSchema)
  const second = await storage.openWorkspace('second', taskSchema)
  await putAll(first, 0, docs)
  await putAll(second, 0, [task('one', { title: 'one' })])
  return [first, second]
}

const scan = plan({ condition: eq('title', 'one') })
const idsOf = async (workspace: WorkspaceStorage) => (await workspace.find(scan)).map(({ _id }) => _id)

/** The result of a read for which a busy machine may need several deadlines. */
async function served<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof ReadTimeoutError)) throw error
    }
  }
}

describe('reader threads', () => {
  test('LIM-90: reads of a workspace are served while those of another one hold their thread', async () => {
    const [hostile, other] = await twoWorkspaces(many, { readerLimits: { timeout: forever, grace: 100 } })
    const ended: string[] = []
    for (let read = 0; read < 200; read++)
      hostile.find(everyPair).then(
        () => ended.push('found'),
        () => ended.push('failed'),
      )
    for (let read = 0; read < 50; read++) expect(await idsOf(other)).toStrictEqual(['one'])
    expect((await other.search({ text: 'one', limit: 1 })).map(({ id }) => id)).toStrictEqual(['one'])
    expect(ended).toStrictEqual([])
  })

  test('LIM-91: a read that lasts too long is stopped with `timeout`, and its thread goes on', async () => {
    let threads = 0
    const [hostile, other] = await twoWorkspaces(many, {
      readerLimits: { timeout: 300, grace: forever },
      workerStarted: () => (threads += 1),
    })
    const reads = [
      hostile.find(everyPair),
      hostile.find({ ...everyPair, limit: 1, total: true }),
      hostile.findEncoded(everyPair, { maxBytes: 1000, maxCount: 10 }),
    ]
    for (const read of reads) await expect(read).rejects.toThrow(timedOut)
    expect(await served(() => hostile.get('task', ['t1']))).toHaveLength(1)
    expect(await served(() => idsOf(other))).toStrictEqual(['one'])
    const [writer, readers] = [1, 2]
    expect(threads).toBeLessThanOrEqual(writer + readers)
  })

  test('LIM-92: a thread that does not stop a read is replaced, and other reads that it had are served', async () => {
    const events: string[] = []
    const [hostile, other] = await twoWorkspaces(large, {
      readerLimits: { timeout: 2000, grace: 0 },
      observer: {
        ...silentObserver,
        timedOut: () => events.push('timed out'),
        replaced: () => events.push('replaced'),
      },
    })
    const read = hostile.find(plan({ condition: nativeOnly }))
    const others = Array.from({ length: 20 }, () => idsOf(other))
    await expect(read).rejects.toThrow(new ReadTimeoutError(2000))
    for (const each of others) expect(await each).toStrictEqual(['one'])
    expect(events).toStrictEqual(['timed out', 'replaced'])
    expect(await served(() => hostile.get('task', ['none']))).toStrictEqual([])
  })

  test('LIM-93: workspaces take turns, so that the reads of one do not wait for all of another', async () => {
    const [busy, other] = await twoWorkspaces(many.slice(0, 2000), { readers: 2 })
    let left = 400
    const flood = Array.from({ length: left }, () => busy.find(scan).then(() => (left -= 1)))
    await idsOf(other)
    expect(left).toBeGreaterThan(0)
    await Promise.all(flood)
  })
})
