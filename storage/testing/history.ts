import { expect, test } from '@jest/globals'
import { core } from '../../model/identifiers.ts'
import type { StorageError } from '../contract.ts'
import {
  batch,
  entry,
  eq,
  idsOf,
  noSchema,
  plan,
  putAll,
  type SubjectFactory,
  task,
  taskSchema,
  withWorkspace,
} from './fixture.ts'
import { satisfying } from '../../tests/support/expecting.ts'

const coded = (code: StorageError['code']) => (error: Error) => (error as StorageError).code === code

/** Commits, and their outcomes. */
export function describeHistory(name: string, make: SubjectFactory): void {
  const within = (run: Parameters<typeof withWorkspace>[2]) => () => withWorkspace(make, taskSchema, run)

  test(
    `STO-1: ${name} has a complete committed batch after the workspace was closed and opened again`,
    within(async (workspace, storage) => {
      expect(workspace.lastSeq).toBe(0)
      await workspace.commit(
        batch({
          entries: [entry(1)],
          puts: [{ domain: 'task', doc: task('a', { n: { m: [1, null, 'é'] } }) }],
        }),
      )
      await workspace.close()
      const again = await storage.openWorkspace('workspace', taskSchema)
      expect(again.lastSeq).toBe(1)
      expect(again.epoch).toBe(workspace.epoch)
      expect(await again.get('task', ['a'])).toStrictEqual([task('a', { n: { m: [1, null, 'é'] } })])
      expect(await again.readLog({ after: 0, limit: 10 })).toStrictEqual([entry(1)])
    }),
  )

  test(
    `STO-2: ${name} refuses a batch that does not follow the last entry, and changes nothing`,
    within(async (workspace) => {
      await putAll(workspace, 0, [task('a')])
      const puts = [{ domain: 'task', doc: task('b') }]
      for (const seq of [1, 3]) {
        await expect(
          workspace.commit(batch({ entries: [entry(seq, { _id: 'new' })], puts })),
        ).rejects.toThrow(satisfying(coded('conflict')))
      }
      await expect(workspace.commit(batch({ entries: [entry(2), entry(4)], puts }))).rejects.toThrow(
        satisfying(coded('conflict')),
      )
      expect(await idsOf(workspace, {})).toStrictEqual(['a'])
      await putAll(workspace, 1, [task('b')])
    }),
  )

  test(
    `STO-3: ${name} leaves nothing of a batch that fails half-way, not even a new domain`,
    within(async (workspace) => {
      await putAll(workspace, 0, [task('a')])
      const repeated = [entry(2), entry(3, { _id: entry(1).tx._id })]
      const puts = [{ domain: 'fresh', doc: task('b') }]
      await expect(
        workspace.commit(batch({ entries: repeated, puts, removes: [{ domain: 'task', id: 'a' }] })),
      ).rejects.toThrow(satisfying(coded('conflict')))
      expect(await idsOf(workspace, {})).toStrictEqual(['a'])
      expect(await workspace.readLog({ after: 0, limit: 10 })).toHaveLength(1)
      await workspace.commit(batch({ entries: [entry(2)], puts }))
      expect(await idsOf(workspace, { domain: 'fresh' })).toStrictEqual(['b'])
    }),
  )

  test(
    `STO-2: ${name} refuses a transaction that the log contains, also as the first one after an opening`,
    within(async (workspace, storage) => {
      await putAll(workspace, 0, [task('a')])
      await workspace.close()
      const again = await storage.openWorkspace('workspace', taskSchema)
      const repeated = entry(2, { _id: entry(1).tx._id })
      await expect(again.commit(batch({ entries: [repeated] }))).rejects.toThrow(
        satisfying(coded('conflict')),
      )
      expect(await again.readLog({ after: 0, limit: 10 })).toHaveLength(1)
      await again.commit(batch({ entries: [entry(2)] }))
    }),
  )

  test(
    `STO-4: ${name} prefetches documents, and the first result of each known request or transaction`,
    within(async (workspace) => {
      const derived = entry(2, { _id: 'derived' }, { request: 'request', result: { a: 1 } })
      const entries = [entry(1, { _id: 'request' }), derived, entry(3, {}, { result: 'x' })]
      await workspace.commit(batch({ entries, puts: [{ domain: 'task', doc: task('a') }] }))
      const found = await workspace.prefetch({
        requests: ['request', 'derived', entry(3).tx._id, 'unknown', 'request'],
        documents: [
          { domain: 'task', ids: ['a', 'b'] },
          { domain: 'none', ids: ['a'] },
        ],
      })
      const results = [
        ['request', { a: 1 }],
        ['derived', { a: 1 }],
        [entry(3).tx._id, 'x'],
      ]
      expect(found.requests).toStrictEqual(results.map(([id, result]) => ({ id, result })))
      expect(found.documents).toStrictEqual([
        { domain: 'task', docs: [task('a')] },
        { domain: 'none', docs: [] },
      ])
    }),
  )

  test(
    `STO-4: ${name} finds a known request without a result`,
    within(async (workspace) => {
      await workspace.commit(batch({ entries: [entry(1)] }))
      const { requests } = await workspace.prefetch({ requests: [entry(1).tx._id], documents: [] })
      expect(requests).toStrictEqual([{ id: entry(1).tx._id, result: undefined }])
    }),
  )

  test(
    `STO-5: ${name} reads the log after a number, in order, for one object space, or for some objects`,
    within(async (workspace) => {
      const spaces = ['space-a', core.space.Model, 'space-b', core.space.Model]
      await workspace.commit(
        batch({
          entries: spaces.map((objectSpace, index) =>
            entry(index + 1, { objectSpace, objectId: `object-${index % 3}` }),
          ),
        }),
      )
      const read = async (request: Parameters<typeof workspace.readLog>[0]) =>
        (await workspace.readLog(request)).map(({ seq }) => seq)
      expect(await read({ after: 0, limit: 3 })).toStrictEqual([1, 2, 3])
      expect(await read({ after: 3, limit: 3 })).toStrictEqual([4])
      expect(await read({ after: 0, limit: 10, objectSpace: core.space.Model })).toStrictEqual([2, 4])
      expect(await read({ after: 1, limit: 10, objectSpace: 'space-b' })).toStrictEqual([3])
      const objectIds = ['object-0', 'object-2']
      expect(await read({ after: 0, limit: 2, objectIds })).toStrictEqual([1, 3])
      expect(await read({ after: 1, limit: 10, objectIds })).toStrictEqual([3, 4])
    }),
  )

  test(
    `STO-6: ${name} finds the transactions of the log in the domain tx, except derived ones`,
    within(async (workspace) => {
      const hidden = entry(2, { _id: 'hidden', space: core.space.DerivedTx, objectId: 'a' })
      await workspace.commit(
        batch({ entries: [entry(1, { objectId: 'a' }), hidden, entry(3, { nested: { x: 1 } })] }),
      )
      expect([
        ...(await workspace.find(plan({ domain: 'tx', condition: eq('objectId', 'a') }))),
      ]).toStrictEqual([entry(1).tx].map((tx) => ({ ...tx, objectId: 'a' })))
      expect(await idsOf(workspace, { domain: 'tx', condition: eq(['nested', 'x'], 1) })).toStrictEqual([
        entry(3).tx._id,
      ])
      expect(await workspace.get('tx', ['hidden'])).toStrictEqual([])
      expect((await workspace.list('tx', undefined, 1e6)).docs).toHaveLength(2)
      expect((await workspace.readLog({ after: 1, limit: 1 }))[0]?.tx._id).toBe('hidden')
    }),
  )

  test(
    `STO-28: ${name} refuses a batch as a whole when a document or request that it requires to be new exists`,
    within(async (workspace) => {
      const derived = entry(2, { _id: 'derived' }, { request: 'request' })
      await workspace.commit(
        batch({ entries: [entry(1), derived], puts: [{ domain: 'task', doc: task('a') }] }),
      )
      const known = entry(1).tx._id
      const next = batch({ entries: [entry(3)], puts: [{ domain: 'task', doc: task('b') }] })
      const none = { requests: [], documents: [] }
      const wrong = [
        { ...next, absent: { ...none, requests: [known] } },
        { ...next, absent: { ...none, requests: ['request'] } },
        { ...next, absent: { ...none, requests: ['new', 'derived'] } },
        { ...next, absent: { ...none, documents: [{ domain: 'task', ids: ['new', 'a'] }] } },
        { ...next, entries: [entry(3), entry(4, { _id: known })], absent: { ...none, requests: [known] } },
        { ...next, entries: [entry(3, { _id: 'request' })], absent: { ...none, requests: ['request'] } },
      ]
      for (const one of wrong)
        await expect(workspace.commit(one)).rejects.toThrow(satisfying(coded('exists')))
      const repeated = [entry(3), entry(4, { _id: known })]
      const ownOnly = { ...none, requests: [entry(3).tx._id] }
      await expect(workspace.commit({ ...next, entries: repeated, absent: ownOnly })).rejects.toThrow(
        satisfying(coded('conflict')),
      )
      expect(await idsOf(workspace, {})).toStrictEqual(['a'])
      const documents = [
        { domain: 'task', ids: ['b'] },
        { domain: 'none', ids: ['a'] },
      ]
      await workspace.commit({ ...next, absent: { requests: [entry(3).tx._id, 'new'], documents } })
      expect(await idsOf(workspace, {})).toStrictEqual(['a', 'b'])
    }),
  )

  test(`STO-17: ${name} refuses calls to a closed workspace or storage with 'closed'`, async () => {
    const { storage, dispose } = await make()
    const workspace = await storage.openWorkspace('workspace', noSchema)
    await workspace.close()
    await workspace.close()
    await expect(workspace.find(plan())).rejects.toThrow(satisfying(coded('closed')))
    await expect(workspace.commit(batch({ entries: [entry(1)] }))).rejects.toThrow(
      satisfying(coded('closed')),
    )
    const other = await storage.openWorkspace('other', noSchema)
    await storage.close()
    await storage.close()
    await expect(other.get('task', ['a'])).rejects.toThrow(satisfying(coded('closed')))
    await expect(storage.openWorkspace('workspace', noSchema)).rejects.toThrow(satisfying(coded('closed')))
    await dispose()
  })

  test(
    `STO-18: ${name} opens a workspace once at a time, and waits for one that is closing`,
    within(async (workspace, storage) => {
      await expect(storage.openWorkspace('workspace', noSchema)).rejects.toThrow(
        satisfying(coded('conflict')),
      )
      const closing = workspace.close()
      expect((await storage.openWorkspace('workspace', noSchema)).lastSeq).toBe(0)
      await closing
    }),
  )
}
