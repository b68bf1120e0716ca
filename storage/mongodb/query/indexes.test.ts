import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import type { StorageSchema } from '../../contract.ts'
import { batch, entry, task, taskSchema } from '../../testing/fixture.ts'
import type { OpenedWorkspace } from '../open.ts'
import {
  databaseOf,
  openParts,
  type TemporarySubject,
  withinSubject,
} from '../../testing/mongodb-test-storage.ts'
import { nameOf } from './wanted-indexes.ts'
import { expectFor } from '../../../tests/support/expecting.ts'

const byRank = { keys: [{ path: ['rank'], order: 1 as const }] }

await withEachMongo(({ url, name }) => {
  const within = withinSubject(url)
  const put = ({ committer, log }: OpenedWorkspace, doc = task('a')) =>
    committer.commit(batch({ entries: [entry(log.lastSeq + 1)], puts: [{ domain: 'task', doc }] }))
  /** The indexes of the tasks, by name. */
  const indexesOf = async (subject: TemporarySubject, client: MongoClient, { schema }: OpenedWorkspace) => {
    await schema.idle()
    const found = await databaseOf(subject, client).collection('task').indexes()
    return new Map(found.map((index) => [index.name ?? '', JSON.stringify(index.key)]))
  }
  const declared = (indexes: Map<string, string>) =>
    [...indexes.keys()].filter((each) => each.startsWith('ix_')).length

  test(
    `STO-48: indexes follow the declarations, and are dropped when they are no longer declared or would refuse a document (${name})`,
    within(async (subject, client) => {
      const workspace = await openParts(subject, client, { declared: taskSchema })
      const count = async () => declared(await indexesOf(subject, client, workspace))
      await put(workspace)
      expect(await count()).toBe(3)
      await put(workspace, task('b', { space: ['x', 'y'], rank: ['b', 'c'] }))
      expect(await count()).toBe(2)
      await workspace.schema.apply({ domains: [] })
      expect(await count()).toBe(0)
    }),
  )

  test(
    `STO-58: indexes that an interrupted schema change left are dropped at the next opening (${name})`,
    within(async (subject, client) => {
      const workspace = await openParts(subject, client, { declared: taskSchema })
      await put(workspace)
      await workspace.schema.idle()
      // As after an end of the process after the first step.
      const meta = databaseOf(subject, client).collection<{ _id: string }>('atrium.meta')
      const left = { text: '{"domains":[]}', made: [] }
      expect((await meta.replaceOne({ _id: 'schema' }, left)).matchedCount).toBe(1)
      const again = await openParts(subject, client)
      expect(declared(await indexesOf(subject, client, again))).toBe(0)
    }),
  )

  test(
    `STO-104: equal keys are declared once, and a refused index blocks no other index (${name})`,
    within(async (subject, client) => {
      const failures: Record<string, unknown>[] = []
      const logger = { error: (fields: Record<string, unknown>) => void failures.push(fields) }
      // Like the default index of every domain, and twice the same except for the name.
      const schema: StorageSchema = {
        domains: [
          {
            domain: 'task',
            indexes: [
              byRank,
              { keys: [{ path: ['_class'], order: 1 }] },
              {
                keys: [
                  { path: ['rank'], order: 1 },
                  { path: ['_id'], order: 1 },
                ],
              },
              { keys: [{ path: ['title'], order: -1 }] },
            ],
            fullText: [],
          },
        ],
      }
      // Another index has the name of the first one.
      await databaseOf(subject, client)
        .collection('task')
        .createIndex({ other: 1 }, { name: nameOf(byRank) })
      const workspace = await openParts(subject, client, { declared: schema, logger })
      await put(workspace)
      const keys = [...(await indexesOf(subject, client, workspace)).values()]
      expect(new Set(keys).size).toBe(keys.length)
      for (const key of ['{"_class":1,"_id":1}', '{"space":1,"_class":1,"_id":1}', '{"title":-1,"_id":1}'])
        expectFor(`${key} is missing of ${keys.join(' ')}`, keys).toContain(key)
      // One server refuses it, another accepts both, and one reports nothing and creates none.
      expect(failures.every(({ index }) => index === '[["rank",1],["_id",1]]')).toBe(true)
      // The conflicting index was not declared: the next opening creates the declared one.
      const again = await openParts(subject, client, { declared: schema, logger })
      const later = [...(await indexesOf(subject, client, again)).values()]
      expect(later).toContain('{"rank":1,"_id":1}')
      expect(later).not.toContain('{"other":1}')
    }),
  )

  test(
    `STO-105: a domain with few documents has no indexes, and gets them when it has more (${name})`,
    within(async (subject, client) => {
      const options = { declared: taskSchema, leastIndexed: 4 }
      const workspace = await openParts(subject, client, options)
      const count = async (of: OpenedWorkspace) => declared(await indexesOf(subject, client, of))
      // The same document, so that there are fewer documents than writes.
      for (const id of ['a', 'a', 'b', 'a', 'c']) {
        await put(workspace, task(id))
        expect(await count(workspace)).toBe(0)
      }
      const again = await openParts(subject, client, options)
      expect(await count(again)).toBe(0)
      await put(again, task('d'))
      expect(await count(again)).toBe(3)
      await again.documents.write(
        [],
        ['a', 'b', 'c'].map((id) => ({ domain: 'task', id, stamp: 99 })),
      )
      expect(await count(await openParts(subject, client, options))).toBe(3)
    }),
  )

  test(
    `STO-105: a domain has a collection and indexes once it has a document, and existing ones are not created again (${name})`,
    within(async (subject, client) => {
      const watched = new MongoClient(url, { monitorCommands: true })
      const created: string[] = []
      watched.on('commandStarted', ({ commandName, command }) => {
        if (commandName === 'createIndexes') created.push(String(command['createIndexes']))
      })
      try {
        const workspace = await openParts(subject, watched, { declared: taskSchema })
        await workspace.schema.idle()
        const names = async () =>
          (await databaseOf(subject, client).listCollections().toArray()).map((each) => each.name).sort()
        expect(await names()).toStrictEqual(['atrium.meta', 'tx'])
        await put(workspace)
        expect(declared(await indexesOf(subject, client, workspace))).toBe(3)
        expect(await names()).toStrictEqual(['atrium.meta', 'task', 'tx'])
        created.length = 0
        const again = await openParts(subject, watched, { declared: taskSchema })
        await put(again)
        await again.schema.idle()
        expect(created).toStrictEqual([])
      } finally {
        await watched.close()
      }
    }),
  )
})
