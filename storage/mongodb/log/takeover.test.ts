import { expect, test } from '@jest/globals'
import { type Document, MongoClient } from 'mongodb'
import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import { StorageError, type WorkspaceStorage } from '../../contract.ts'
import { batch, entry, idsOf, noSchema, putAll, task } from '../../testing/fixture.ts'
import { databaseName } from '../driver/database-name.ts'
import { type StoredEntry, storedEntry } from './stored-document.ts'
import { temporarySubject, type TemporarySubject } from '../../testing/mongodb-test-storage.ts'
import { expectFor, satisfying } from '../../../tests/support/expecting.ts'
import { testUnless } from '../../../tests/support/test-unless.ts'

const seqsAndIds = async (workspace: WorkspaceStorage) =>
  (await workspace.readLog({ after: 0, limit: 100 })).map(({ seq, tx }) => `${seq} ${tx._id}`)

await withEachMongo(({ url, name, notAtomic }) => {
  const within =
    (run: (subject: TemporarySubject, log: (name?: string) => ReturnType<typeof logOf>) => Promise<void>) =>
    async () => {
      const subject = temporarySubject(url)
      const client = new MongoClient(url)
      try {
        await run(subject, (collection = 'tx') => logOf(client, subject, collection))
      } finally {
        await client.close()
        await subject.dispose()
      }
    }
  const logOf = (client: MongoClient, { prefix }: TemporarySubject, collection: string) =>
    client.db(databaseName(prefix, 'w')).collection<StoredEntry>(collection)
  /** Entries of a former owner, of a group from `first` to `last`. */
  const left = (owner: string, seqs: readonly number[], [first, last]: [number, number]) =>
    seqs.map((seq) => {
      const place = { owner, projected: first - 1, first, last, domain: 'task' }
      return storedEntry(entry(seq, { _id: `${owner}-${seq}` }), place)
    })

  test(
    `STO-42: three owners in a row that each leave a part of a group leave nothing but fences (${name})`,
    within(async ({ storage, another }, log) => {
      const first = await storage.openWorkspace('w', noSchema)
      await putAll(first, 0, [task('a')])
      for (const owner of ['one', 'two', 'three']) {
        const taken = await another().openWorkspace('w', noSchema)
        expect(taken.lastSeq).toBe(1)
        await log().deleteMany({ _id: { $gt: 1 } })
        await log().insertMany(left(owner, [2, 3, 4], [2, 6]))
      }
      const owner = await another().openWorkspace('w', noSchema)
      expect(await seqsAndIds(owner)).toStrictEqual(['1 tx-000001'])
      for (const seq of [2, 3, 4, 5])
        await expect(log().insertMany(left('late', [seq], [2, 6]))).rejects.toThrow()
      // A new commit comes after the fences.
      await putAll(
        owner,
        1,
        ['b', 'c', 'd', 'e', 'f'].map((id) => task(id)),
      )
      expect(await idsOf(owner, {})).toStrictEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      await owner.close()
      const again = await another().openWorkspace('w', noSchema)
      expect(again.lastSeq).toBe(6)
    }),
  )

  test(
    `STO-42: a log in which an earlier version left groups of two owners is withdrawn to its last complete group (${name})`,
    within(async ({ storage, another }, log) => {
      const first = await storage.openWorkspace('w', noSchema)
      await putAll(first, 0, [task('a')])
      await log().deleteMany({ _id: { $gt: 1 } })
      await log().insertMany([...left('one', [2], [2, 4]), ...left('two', [3, 4], [2, 4])])
      const owner = await another().openWorkspace('w', noSchema)
      expect(await seqsAndIds(owner)).toStrictEqual(['1 tx-000001'])
      await putAll(owner, 1, [task('b'), task('c')])
      expect(await seqsAndIds(owner)).toStrictEqual(['1 tx-000001', '2 tx-000002', '3 tx-000003'])
    }),
  )

  testUnless(notAtomic)(
    `STO-16: of owners that open a restored workspace at once, each either continues or fails with conflict (${name})`,
    within(async ({ storage, another }) => {
      const first = await storage.openWorkspace('w', noSchema)
      await putAll(first, 0, [task('a'), task('b')])
      await first.upload('tx', [entry(9, { modifiedOn: 0.5 }).tx])
      await first.close()
      const acknowledged: string[] = []
      const run = async (owner: string) => {
        const workspace = await another().openWorkspace('w', noSchema)
        for (let seq = workspace.lastSeq + 1; seq <= workspace.lastSeq + 3; seq++) {
          const id = `${owner}-${seq}`
          const entries = [entry(seq, { _id: id, objectId: id })]
          await workspace.commit(batch({ entries, puts: [{ domain: 'task', doc: task(id) }] }))
          acknowledged.push(id)
        }
        await workspace.close()
      }
      const outcomes = await Promise.allSettled(['x', 'y', 'z'].map(run))
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expectFor(String(outcome.reason), (outcome.reason as Document)['code']).toBe('conflict')
      const last = await another().openWorkspace('w', noSchema)
      const log = await seqsAndIds(last)
      expect(log.slice(0, 3)).toStrictEqual(['1 tx-000009', '2 tx-000001', '3 tx-000002'])
      for (const id of acknowledged)
        expectFor(
          `${id} is lost`,
          log.some((line) => line.endsWith(id)),
        ).toBe(true)
      const docs = await idsOf(last, {})
      expect(acknowledged.filter((id) => !docs.includes(id))).toStrictEqual([])
    }),
  )

  test(
    `STO-41: an owner that lost its workspace can no longer restore documents (${name})`,
    within(async ({ storage, another }) => {
      const former = await storage.openWorkspace('w', noSchema)
      await putAll(former, 0, [task('a')])
      const owner = await another().openWorkspace('w', noSchema)
      const lost = (error: unknown) => error instanceof StorageError && error.code === 'conflict'
      await expect(former.upload('tx', [entry(9).tx])).rejects.toThrow(satisfying(lost))
      await expect(former.clean('tx', [entry(1).tx._id])).rejects.toThrow(satisfying(lost))
      await expect(former.upload('task', [task('z')])).rejects.toThrow(satisfying(lost))
      await putAll(owner, 1, [task('b')])
      expect(await seqsAndIds(owner)).toStrictEqual(['1 tx-000001', '2 tx-000002'])
    }),
  )
})
