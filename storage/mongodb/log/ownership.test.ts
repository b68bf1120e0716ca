import { expect, test } from '@jest/globals'
import type { Document, MongoClient } from 'mongodb'
import { core } from '../../../model/identifiers.ts'
import type { Doc } from '../../../model/documents.ts'
import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import type { StorageError, WorkspaceStorage } from '../../contract.ts'
import { batch, entry, idsOf, noSchema, task, taskSchema } from '../../testing/fixture.ts'
import { Documents } from '../documents/documents.ts'
import { storedDocument, type StoredEntry, storedEntry } from './stored-document.ts'
import { databaseOf, type TemporarySubject, withinSubject } from '../../testing/mongodb-test-storage.ts'
import { satisfying } from '../../../tests/support/expecting.ts'
import { testUnless } from '../../../tests/support/test-unless.ts'

const coded = (code: StorageError['code']) => (error: Error) => (error as StorageError).code === code

function creating(seq: number, id: string, attributes: Record<string, unknown> = {}) {
  const { _class, space } = task(id)
  return entry(seq, { objectId: id, objectClass: _class, objectSpace: space, attributes })
}

function updating(seq: number, id: string, operations: Record<string, unknown>) {
  return entry(seq, { _class: core.class.TxUpdateDoc, objectId: id, operations })
}

async function put(workspace: WorkspaceStorage, seq: number, doc: Doc): Promise<void> {
  await workspace.commit(batch({ entries: [creating(seq, doc._id)], puts: [{ domain: 'task', doc }] }))
}

await withEachMongo(({ url, name, notAtomic }) => {
  const within = withinSubject(url)
  const logOf = (subject: TemporarySubject, client: MongoClient) =>
    databaseOf(subject, client).collection<StoredEntry>('tx')

  test(
    `STO-41: opening a workspace takes over its ownership, and the former owner fails with conflict (${name})`,
    within(async ({ storage, another }) => {
      const former = await storage.openWorkspace('workspace', taskSchema)
      await put(former, 1, task('a'))
      const owner = await another().openWorkspace('workspace', taskSchema)
      expect(owner.lastSeq).toBe(1)
      await expect(put(former, 2, task('b'))).rejects.toThrow(satisfying(coded('conflict')))
      await put(owner, 2, task('c'))
      for (const seq of [2, 3])
        await expect(put(former, seq, task('b'))).rejects.toThrow(satisfying(coded('conflict')))
      await former.close()
      await put(owner, 3, task('d'))
      expect(await idsOf(owner, {})).toStrictEqual(['a', 'c', 'd'])
      const log = await owner.readLog({ after: 0, limit: 10 })
      expect(log.map(({ seq, tx }) => [seq, (tx as Document)['objectId'] as string])).toStrictEqual([
        [1, 'a'],
        [2, 'c'],
        [3, 'd'],
      ])
    }),
  )

  testUnless(notAtomic)(
    `STO-41: of owners that take over and commit at once, one commits at each position of the log (${name})`,
    within(async (subject) => {
      const acknowledged: string[] = []
      const run = async (name: string) => {
        const storage = subject.another()
        for (let round = 0; round < 6; round++) {
          // Other owners may interfere, which one substitute reports only as a general error.
          const workspace = await untilAvailable(() => storage.openWorkspace('workspace', noSchema))
          try {
            for (let seq = workspace.lastSeq + 1; seq <= workspace.lastSeq + 3; seq++) {
              const id = `${name}-${round}-${seq}`
              const entries = [entry(seq, { _id: id, objectId: id, attributes: {} })]
              await workspace.commit(batch({ entries, puts: [{ domain: 'task', doc: task(id) }] }))
              acknowledged.push(id)
            }
          } catch (error) {
            expect((error as StorageError).code).toBe('conflict')
          }
          await workspace.close()
        }
      }
      await Promise.all(['a', 'b', 'c'].map(run))
      const workspace = await subject.storage.openWorkspace('workspace', noSchema)
      const log = await workspace.readLog({ after: 0, limit: 1000 })
      expect(log.map(({ seq }) => seq)).toStrictEqual(log.map((_, index) => index + 1))
      const ids = log.map(({ tx }) => tx._id as string)
      expect(new Set(ids).size).toBe(ids.length)
      expect(acknowledged.filter((id) => !ids.includes(id))).toStrictEqual([])
      expect(new Set(await idsOf(workspace, {}))).toStrictEqual(new Set(ids))
    }),
  )

  test(
    `STO-42: documents of the log that are missing are written at the next opening (${name})`,
    within(async (subject, client) => {
      const former = await subject.storage.openWorkspace('workspace', taskSchema)
      await put(former, 1, task('a', { modifiedOn: 1, createdOn: 1 }))
      await put(former, 2, task('b', { modifiedOn: 1 }))
      const place = { owner: 'gone', projected: 2, first: 3, last: 6, domain: 'task' }
      const entries = [
        updating(3, 'a', { rank: 'x' }),
        creating(4, 'c', { rank: 'y' }),
        updating(5, 'a', { $push: { refs: 'b' } }),
        entry(6, { _class: core.class.TxRemoveDoc, objectId: 'b' }),
      ]
      await logOf(subject, client).insertMany(entries.map((each) => storedEntry(each, place)))
      const owner = await subject.another().openWorkspace('workspace', taskSchema)
      expect(owner.lastSeq).toBe(6)
      expect(await owner.get('task', ['a', 'b'])).toStrictEqual([
        task('a', { rank: 'x', refs: ['b'], modifiedOn: 5, createdOn: 1 }),
      ])
      expect(await idsOf(owner, { condition: { op: 'eq', path: ['rank'], value: 'y' } })).toStrictEqual(['c'])
      await owner.close()
      const again = await subject.another().openWorkspace('workspace', taskSchema)
      expect(await idsOf(again, {})).toStrictEqual(['a', 'c'])
    }),
  )

  test(
    `STO-42: entries of a document whose removal was written are applied without a report, and no others (${name})`,
    within(async (subject, client) => {
      const former = await subject.storage.openWorkspace('workspace', taskSchema)
      await put(former, 1, task('kept'))
      const place = { owner: 'gone', projected: 1, first: 2, last: 12, domain: 'task' }
      const attached = { _class: core.class.TxCollectionCUD, objectId: 'kept', collection: 'tasks' }
      const removing = {
        _class: core.class.TxRemoveDoc,
        objectClass: task('')._class,
        objectSpace: 'space-a',
      }
      const entries = [
        updating(2, 'gone', { rank: 'x' }),
        entry(3, { ...removing, objectId: 'gone' }),
        entry(4, { ...attached, tx: updating(4, 'attached', { rank: 'x' }).tx }),
        entry(5, { ...attached, tx: entry(5, { ...removing, objectId: 'attached' }).tx }),
        entry(6, { ...removing, objectId: 'again' }),
        creating(7, 'again', { rank: 'new' }),
        updating(8, 'again', { rank: 'newer' }),
        updating(9, 'lost', { rank: 'x' }),
        updating(10, 'kept', { rank: 'x' }),
        updating(11, 'kept', { $push: { rank: 'no list' } }),
        entry(12, { ...removing, objectId: 'kept' }),
      ]
      await logOf(subject, client).insertMany(entries.map((each) => storedEntry(each, place)))
      const logged: Record<string, unknown>[] = []
      const logger = { error: (fields: Record<string, unknown>) => void logged.push(fields) }
      const owner = await subject.another({ logger }).openWorkspace('workspace', taskSchema)
      expect(logged.map(({ seq }) => seq)).toStrictEqual([9, 11])
      const docs = await owner.get('task', ['gone', 'attached', 'again', 'lost', 'kept'])
      const ranks = docs.map(({ _id, ...fields }) => [_id, (fields as Document)['rank'] as string])
      expect(Object.fromEntries(ranks)).toStrictEqual({ again: 'newer' })
    }),
  )

  test(
    `STO-42: an incomplete group of the log is withdrawn (${name})`,
    within(async (subject, client) => {
      const former = await subject.storage.openWorkspace('workspace', taskSchema)
      await put(former, 1, task('a'))
      const place = { owner: 'gone', projected: 1, first: 2, last: 4, domain: 'task' }
      const some = [creating(2, 'b'), creating(3, 'c')].map((each) => storedEntry(each, place))
      await logOf(subject, client).insertMany(some)
      const owner = await subject.another().openWorkspace('workspace', taskSchema)
      expect(owner.lastSeq).toBe(1)
      expect(await idsOf(owner, { domain: 'tx' })).toStrictEqual([entry(1).tx._id])
      await expect(logOf(subject, client).insertOne(some[0] as StoredEntry)).rejects.toThrow()
      await put(owner, 2, task('d'))
      expect(await idsOf(owner, {})).toStrictEqual(['a', 'd'])
    }),
  )

  test(
    `STO-43: a late write neither replaces a newer document nor restores a removed one (${name})`,
    within(async (subject, client) => {
      const former = await subject.storage.openWorkspace('workspace', taskSchema)
      await put(former, 1, task('a', { rank: 'old' }))
      await put(former, 2, task('b'))
      // The log of the former owner has these two, and its writes of the documents are late.
      const place = { owner: 'gone', projected: 2, first: 3, last: 4, domain: 'task' }
      const entries = [updating(3, 'a', { rank: 'late' }), creating(4, 'c')]
      await logOf(subject, client).insertMany(entries.map((each) => storedEntry(each, place)))
      const owner = await subject.another().openWorkspace('workspace', taskSchema)
      const puts = [{ domain: 'task', doc: task('a', { rank: 'new' }) }]
      const removing = entry(6, { _class: core.class.TxRemoveDoc, objectId: 'c' })
      await owner.commit(
        batch({ entries: [updating(5, 'a', {}), removing], puts, removes: [{ domain: 'task', id: 'c' }] }),
      )
      const late = new Documents({
        database: databaseOf(subject, client),
        log: () => ({ collection: databaseOf(subject, client).collection('tx'), lastSeq: 4 }),
        hasTombstones: () => false,
        needsTombstone: () => false,
        noteText: () => Promise.resolve(),
        refused: () => undefined,
      })
      const lateDocs = [task('a', { rank: 'late' }), task('c')]
      await late.write(
        lateDocs.map((doc) => ({ domain: 'task', document: storedDocument(doc, 4) })),
        [{ domain: 'task', id: 'a', stamp: 4 }],
      )
      expect(await owner.get('task', ['a', 'c'])).toStrictEqual([task('a', { rank: 'new' })])
      expect(await idsOf(owner, { total: true })).toStrictEqual(['a', 'b'])
      expect((await owner.list('task', undefined, 1e6)).docs).toHaveLength(2)
      await put(owner, 7, task('c', { rank: 'anew' }))
      expect(await idsOf(owner, {})).toStrictEqual(['a', 'b', 'c'])
    }),
  )
})

/** Retries a few times: an owner that storage refused may try again. */
async function untilAvailable<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if ((error as StorageError).code !== 'unavailable' || tries === 5) throw error
    }
  }
}
