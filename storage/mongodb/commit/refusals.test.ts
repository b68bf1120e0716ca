import { expect, test } from '@jest/globals'
import { type Document, MongoClient } from 'mongodb'
import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import type { Doc } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import type { WorkspaceStorage } from '../../contract.ts'
import { TooLargeError } from '../../shared/too-large.ts'
import { batch, entry, eq, idsOf, plan, putAll, task, taskClass, taskSchema } from '../../testing/fixture.ts'
import { databaseName } from '../driver/database-name.ts'
import { storedDocument, type StoredEntry, storedEntry } from '../log/stored-document.ts'
import { openParts, temporarySubject, type TemporarySubject } from '../../testing/mongodb-test-storage.ts'
import { expectFor, expectThat } from '../../../tests/support/expecting.ts'

/** MongoDB accepts 100 levels. One substitute refuses an array within an array. */
function nested(levels: number): unknown {
  return levels === 0 ? 'deep' : { in: nested(levels - 1) }
}

const pushed = (seq: number, objectId: string, operations: Record<string, unknown>) =>
  entry(seq, { _class: core.class.TxUpdateDoc, objectId, operations })

await withEachMongo(({ url, name }) => {
  const within =
    (
      run: (
        subject: TemporarySubject,
        reported: Record<string, unknown>[],
        database: () => Promise<Document[]>,
      ) => Promise<void>,
    ) =>
    async () => {
      const reported: Record<string, unknown>[] = []
      const logger = { error: (fields: Record<string, unknown>) => void reported.push(fields) }
      const subject = temporarySubject(url, { logger })
      const client = new MongoClient(url)
      const stored = () =>
        client.db(databaseName(subject.prefix, 'workspace')).collection('task').find().toArray()
      try {
        await run(subject, reported, stored)
      } finally {
        await client.close()
        await subject.dispose()
      }
    }

  const put = (workspace: WorkspaceStorage, seq: number, doc: Doc) => {
    const { _id: objectId, _class, space, ...attributes } = doc
    const made = entry(seq, { objectId, objectClass: _class, objectSpace: space, attributes })
    return workspace.commit(batch({ entries: [made], puts: [{ domain: 'task', doc }] }))
  }

  test(
    `STO-103: a document that the server refuses is stored as text and found like any other, and the workspace continues (${name})`,
    within(async ({ storage, another }, reported, stored) => {
      const workspace = await storage.openWorkspace('workspace', taskSchema)
      await put(workspace, 1, task('a', { rank: 'b', title: 'glass' }))
      const lists = task('lists', { rank: 'c', free: [['x'], [['y']]], title: 'glass door' })
      const deep = task('deep', { rank: 'a', deep: nested(150), title: 'door' })
      // One commit with a refused document in the middle.
      const docs = [task('d'), lists, deep, task('e')]
      const entries = docs.map((doc, index) => {
        const { _id: objectId, free, deep: inner } = doc as Doc & Record<string, unknown>
        return entry(2 + index, { objectId, attributes: { free, inner } })
      })
      await workspace.commit(batch({ entries, puts: docs.map((doc) => ({ domain: 'task', doc })) }))
      await put(workspace, 6, task('f', { rank: 'd' }))
      const check = async (opened: WorkspaceStorage) => {
        const byId = new Map((await opened.get('task', ['lists', 'deep', 'd'])).map((doc) => [doc._id, doc]))
        expect([byId.get(lists._id), byId.get(deep._id)]).toStrictEqual([lists, deep])
        expect(await idsOf(opened, { condition: eq('rank', 'a') })).toStrictEqual(['deep'])
        expect(
          await idsOf(opened, {
            condition: { op: 'gte', path: ['rank'], value: 'b' },
            sort: [{ path: ['rank'], order: -1 }],
          }),
        ).toStrictEqual(['f', 'lists', 'a'])
        const found = await opened.find(
          plan({ condition: { op: 'ne', path: ['rank'], value: 'b' }, total: true, limit: 2 }),
        )
        expect([found.length, found.total]).toStrictEqual([2, 5])
        expect((await opened.search({ text: 'door', limit: 9 })).map(({ id }) => id).sort()).toStrictEqual([
          'deep',
          'lists',
        ])
        const log = await opened.readLog({ after: 0, limit: 9 })
        expect(log.slice(1, 5)).toStrictEqual(JSON.parse(JSON.stringify(entries)))
        const about = { domain: 'tx', condition: eq('objectId', 'lists') }
        expect(await idsOf(opened, about)).toStrictEqual([entries[1]?.tx._id])
        expect((await opened.list('task', undefined, 1e6)).docs).toHaveLength(6)
      }
      await check(workspace)
      const kinds = (await stored()).map((doc) => [String(doc['_id']), '%text' in doc])
      expect(new Map(kinds as [string, boolean][]).get('deep')).toBe(true)
      expect(new Map(kinds as [string, boolean][]).get('d')).toBe(false)
      const refusesLists = new Map(kinds as [string, boolean][]).get('lists') === true
      // It is reported.
      expect(reported.some(({ id }) => id === 'lists')).toBe(refusesLists)
      await workspace.close()
      await check(await another().openWorkspace('workspace', taskSchema))
    }),
  )

  test(
    `STO-103: a document that is refused after its entry was logged blocks no commit and no opening (${name})`,
    within(async (subject) => {
      const former = await subject.storage.openWorkspace('workspace', taskSchema)
      await put(former, 1, task('a', { free: [] }))
      const first = task('a', { free: [['x']], modifiedOn: 2 })
      // The transaction contains no nested list: only the document does.
      await former.commit(
        batch({
          entries: [pushed(2, 'a', { $push: { free: ['x'] } })],
          puts: [{ domain: 'task', doc: first }],
        }),
      )
      await put(former, 3, task('b'))
      expect(await former.get('task', ['a'])).toStrictEqual([first])
      const client = new MongoClient(url)
      try {
        const log = client.db(databaseName(subject.prefix, 'workspace')).collection<StoredEntry>('tx')
        const place = { owner: 'gone', projected: 3, first: 4, last: 5, domain: 'task' }
        const left = [pushed(4, 'a', { $push: { free: ['y'] } }), pushed(5, 'b', { rank: 'x' })]
        await log.insertMany(left.map((each) => storedEntry(each, place)))
      } finally {
        await client.close()
      }
      const owner = await subject.another().openWorkspace('workspace', taskSchema)
      const [a, b] = (await owner.get('task', ['a', 'b'])).sort((x, y) => (x._id < y._id ? -1 : 1)) as (Doc &
        Record<string, unknown>)[]
      expect([a?.['free'], b?.['rank']]).toStrictEqual([[['x'], ['y']], 'x'])
      await put(owner, 6, task('c'))
      expect(await idsOf(owner, { condition: eq('_class', taskClass) })).toStrictEqual(['a', 'b', 'c'])
    }),
  )

  test(
    `STO-133: a refused document that is too large as text is refused or set aside alone, and the workspace continues (${name})`,
    within(async ({ storage }, reported) => {
      const workspace = await storage.openWorkspace('workspace', taskSchema)
      // Each takes six bytes of JSON.
      const text = '\u0001'.repeat(3 * 1024 * 1024)
      await put(workspace, 1, task('a', { text, free: [] }))
      // The transaction contains no nested list: only the document does.
      const a = task('a', { text, free: [['x']], modifiedOn: 2 })
      const puts = [a, task('b')].map((doc) => ({ domain: 'task', doc }))
      const entries = [pushed(2, 'a', { $push: { free: ['x'] } }), pushed(3, 'b', {})]
      await workspace.commit(batch({ entries, puts }))
      const isSetAside = reported.some(({ id }) => id === 'a')
      const free = (await workspace.get('task', ['a'])).map((doc) => (doc as Doc & { free: unknown }).free)
      expect(free).toStrictEqual(isSetAside ? [[]] : [[['x']]])
      const odd = entry(4, { objectId: 'c', attributes: { text, free: [['x']] } }, { request: 'odd' })
      const together = batch({
        entries: [odd, entry(5, { objectId: 'd' })],
        puts: [{ domain: 'task', doc: task('d') }],
      })
      const isCommitted = await workspace.commit(together).then(
        () => true,
        (error: unknown) => {
          expectThat(error instanceof TooLargeError, String(error))
          expect(error.requests).toStrictEqual(['odd'])
          return false
        },
      )
      // A server refuses both or neither.
      expect(isCommitted).toBe(!isSetAside)
      await put(workspace, isCommitted ? 6 : 4, task('e'))
      const left = isCommitted ? ['a', 'b', 'd', 'e'] : ['a', 'b', 'e']
      expect(await idsOf(workspace, {})).toStrictEqual(left)
    }),
  )

  test(
    `STO-103: a manual index that refuses documents blocks nothing else (${name})`,
    within(async (subject, reported) => {
      const client = new MongoClient(url)
      try {
        const tasks = client.db(databaseName(subject.prefix, 'workspace')).collection('task')
        await tasks.createIndex({ rank: 1 }, { name: 'by hand', unique: true })
      } finally {
        await client.close()
      }
      const workspace = await subject.storage.openWorkspace('workspace', taskSchema)
      const docs = ['a', 'b', 'c', 'd'].map((id) => task(id, { rank: id === 'd' ? 'y' : 'x' }))
      await putAll(workspace, 0, docs)
      await put(workspace, 5, task('e', { rank: 'z' }))
      const found = await idsOf(workspace, {})
      for (const id of ['a', 'd', 'e']) expectFor(`${id} is missing of ${found.join()}`, found).toContain(id)
      // A server that keeps the index has accepted one document of equal rank, and every other one is reported.
      const refused = new Set(reported.map(({ id }) => id))
      expectFor([...refused].join(), refused.size === 0 || refused.size === 2).toBe(true)
      await workspace.close()
      const again = await subject.another().openWorkspace('workspace', taskSchema)
      expect(await idsOf(again, {})).toStrictEqual(found)
      await put(again, 6, task('f', { rank: 'w' }))
      expect((await again.readLog({ after: 0, limit: 9 })).length).toStrictEqual(6)
    }),
  )

  test(
    `STO-102: of documents written at once, each is written unless a newer one exists (${name})`,
    within(async (subject) => {
      const client = new MongoClient(url)
      try {
        const { documents, log } = await openParts(subject, client)
        const ids = Array.from({ length: 9 }, (_, index) => `t${index}`)
        const newer = new Set(['t0', 't3', 't4', 't8'])
        const puts = (rank: string, stamp: number, some: readonly string[]) =>
          some.map((id) => ({ domain: 'task', document: storedDocument(task(id, { rank }), stamp) }))
        await documents.write(puts('newer', 7, [...newer]), [])
        await documents.write(puts('older', 2, ['t1']), [])
        await documents.write(puts('now', 5, ids), [])
        await documents.write(puts('now', 5, ids), [])
        const found = (await documents.read('task', ids)) as (Doc & { rank: string })[]
        expect(Object.fromEntries(found.map(({ _id, rank }) => [_id, rank]))).toStrictEqual(
          Object.fromEntries(ids.map((id) => [id, newer.has(id) ? 'newer' : 'now'])),
        )
        expect(log.lastSeq).toBe(0)
      } finally {
        await client.close()
      }
    }),
  )

  test(
    `STO-102: concurrent writes of the marks are not a conflict (${name})`,
    within(async ({ storage, another }) => {
      const storages = [storage, another(), another()]
      const opened = await Promise.all(storages.map((each, at) => each.openWorkspace(`w${at}`, taskSchema)))
      await Promise.all(opened.map((workspace) => putAll(workspace, 0, [task('a', { rank: ['x'] })])))
      await Promise.all(storages.map((each) => each.openWorkspace('same', taskSchema)))
    }),
  )
})
