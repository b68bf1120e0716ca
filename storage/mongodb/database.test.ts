import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { withEachMongo } from '../../tests/services/with-mongo.ts'
import { TooLargeError } from '../shared/too-large.ts'
import { batch, entry, eq, idsOf, plan, putAll, task, taskSchema } from '../testing/fixture.ts'
import { collectionName, databaseName } from './driver/database-name.ts'
import { find } from './query/find.ts'
import { openParts, temporarySubject, withinSubject } from '../testing/mongodb-test-storage.ts'
import { onTestEnd } from '../../tests/support/on-test-end.ts'
import { largest } from '../../model/largest.ts'
import { expectFor, expectThat, satisfying } from '../../tests/support/expecting.ts'

/** Connections that exist from the start, so that no round trip waits for a new one. */
const connections = 16
/** Two queries of the log, one of each of five collections, the log, five bulks of puts, and one of removes. */
const commandsOfGroup = 14

async function connectedClient(url: string): Promise<MongoClient> {
  const client = new MongoClient(url, { monitorCommands: true, minPoolSize: connections })
  let ready = 0
  const all = new Promise<void>((resolve) => {
    client.on('connectionReady', () => {
      if (++ready === connections) resolve()
    })
  })
  await client.connect()
  await all
  return client
}

test('STO-45: every workspace has a database, and every domain a collection, of its own', () => {
  const ids = ['a', 'A', 'a-b', 'a_b', 'a b', 'ä', '', '..', '$', 'a\u0000', 'x'.repeat(300), 'X'.repeat(300)]
  const names = ids.map((id) => databaseName('atrium-', id))
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length)
  for (const name of names) expect(name).toMatch(/^[a-z0-9_-]{1,63}$/)
  const collections = ids.map(collectionName)
  expect(new Set(collections).size).toBe(ids.length)
  for (const name of collections) expect(name).toMatch(/^[A-Za-z0-9_-]{1,100}$/)
  expect(collectionName('task')).toBe('task')
})

await withEachMongo(({ url, name }) => {
  const within = withinSubject(url, connectedClient)
  test(
    `STO-46: field names that have a meaning for MongoDB are ordinary field names (${name})`,
    within(async ({ storage }) => {
      const workspace = await storage.openWorkspace('workspace', taskSchema)
      const fields = JSON.parse(
        '{"a.b":{"$set":1,"%25":"x"},"$inc":{"":2},"__proto__":{"x":3},"_bsontype":"Long","%seq":[{"c.d":4}],"n\\u0000":5,' +
          '"q\\"":{"b\\\\s":6},"it\'s":7,"\\t\\u001b\\u007f":8,"\\ud83d":9,"%u00AD":10}',
      ) as Record<string, unknown>
      const long = 'x'.repeat(100_000)
      const doc = { ...task('a'), ...Object.fromEntries(Object.entries(fields)), [long]: 11 }
      Object.defineProperty(doc, '__proto__', { value: { x: 3 }, enumerable: true })
      const operations = { $push: { 'a.b': 1 }, $unset: { x: '' } }
      const first = entry(1, { operations, 'x.y': [{ $each: [] }] }, { result: { $a: { 'b.c': 1 } } })
      await workspace.commit(batch({ entries: [first], puts: [{ domain: 'task', doc }] }))
      expect(JSON.stringify(await workspace.get('task', ['a']))).toBe(JSON.stringify([doc]))
      expect(await workspace.readLog({ after: 0, limit: 1 })).toStrictEqual([first])
      for (const condition of [
        eq(['a.b', '$set'], 1),
        eq(['$inc', ''], 2),
        eq(['%seq', 'c.d'], 4),
        eq('_bsontype', 'Long'),
        eq(['q"', 'b\\s'], 6),
        eq("it's", 7),
        eq('\t\u001b\u007f', 8),
        eq('\ud83d', 9),
        eq('%u00AD', 10),
        eq(long, 11),
        eq('a.b', { $set: 1, '%25': 'x' }),
      ])
        expect(await idsOf(workspace, { condition })).toStrictEqual(['a'])
      expect(
        await idsOf(workspace, { domain: 'tx', condition: eq(['operations', '$push', 'a.b'], 1) }),
      ).toStrictEqual([first.tx._id])
    }),
  )

  test(
    `STO-47: a group takes three round trips, whatever its content (${name})`,
    within(async (subject, client) => {
      const { committer, schema } = await openParts(subject, client, { declared: taskSchema })
      const counts = { running: 0, waves: 0, commands: 0 }
      client.on('commandStarted', () => {
        counts.commands++
        if (counts.running++ === 0) counts.waves++
      })
      for (const end of ['commandSucceeded', 'commandFailed'] as const)
        client.on(end, () => void counts.running--)
      const group = (first: number, size: number) => {
        const entries = Array.from({ length: size }, (_, index) => entry(first + index))
        const docs = entries.map(({ seq }) => ({ domain: `d${seq % 5}`, doc: task(`t${seq}`) }))
        const documents = ['d0', 'd1', 'd2', 'd3', 'd4'].map((domain) => {
          const own = docs.filter((each) => each.domain === domain)
          return { domain, ids: own.map(({ doc }) => doc._id as string) }
        })
        const absent = { requests: entries.map(({ request }) => request), documents }
        return batch({ absent, entries, puts: docs, removes: [{ domain: 'task', id: `t${first - 1}` }] })
      }
      // The first entry replaces the fence.
      await committer.commit(group(1, 50))
      await schema.idle()
      for (const [first, size] of [
        [51, 1],
        [52, 10],
        [62, 500],
      ] as const) {
        Object.assign(counts, { waves: 0, commands: 0 })
        await committer.commit(group(first, size))
        expectFor(`round trips of ${size}`, counts.waves).toBe(3)
        expectFor(`${counts.commands} commands for ${size}`, counts.commands).toBeLessThanOrEqual(
          commandsOfGroup,
        )
      }
    }),
  )

  test(
    `STO-112: a small page asks MongoDB for small batches (${name})`,
    within(async (subject, client) => {
      const parts = await openParts(subject, client)
      const docs = Array.from({ length: 90 }, (_, at) => task(`t${at}`, { free: { x: at % 30 } }))
      const puts = docs.map((doc) => ({ domain: 'task', doc }))
      await parts.committer.commit(batch({ entries: docs.map((_, at) => entry(at + 1)), puts }))
      const batches: number[] = []
      client.on('commandSucceeded', ({ reply }) => {
        const { cursor } = reply as { cursor?: { firstBatch?: unknown[]; nextBatch?: unknown[] } }
        if (cursor !== undefined) batches.push((cursor.firstBatch ?? cursor.nextBatch ?? []).length)
      })
      for (const condition of [eq(['free', 'x'], 29), eq('free', { x: 29 }), eq('space', 'space-a')])
        expect((await find(plan({ condition, limit: 3 }), parts)).length).toBe(3)
      expect(batches.length).toBeGreaterThan(2)
      expectFor(batches.join(), largest(batches)).toBeLessThanOrEqual(20)
    }),
  )

  test(
    `STO-49: a document larger than MongoDB stores is refused with too-large, which names it, and nothing changes (${name})`,
    within(async ({ storage }) => {
      const workspace = await storage.openWorkspace('workspace', taskSchema)
      const text = 'x'.repeat(17 * 1024 * 1024)
      // All oversized documents of a group are named at once: in the log, as documents, and as text because of their
      // depth.
      const nested = JSON.parse(`${'{"in":'.repeat(95)}0${'}'.repeat(95)}`) as unknown
      const puts = [task('a', { text }), task('b'), task('c', { text, nested }), task('d')]
      const entries = [entry(1), entry(2, { attributes: { text } }, { request: 'large' }), entry(3), entry(4)]
      await expect(
        workspace.commit(batch({ entries, puts: puts.map((doc) => ({ domain: 'task', doc })) })),
      ).rejects.toThrow(
        satisfying((error) => {
          expectThat(error instanceof TooLargeError && error.code === 'too-large', String(error))
          expect(error.size).toBeGreaterThan(error.limit)
          expect(error.limit).toBeGreaterThan(16e6)
          expect([error.requests, error.documents]).toStrictEqual([['large'], ['a', 'c']])
          return true
        }),
      )
      expect(await workspace.readLog({ after: 0, limit: 9 })).toStrictEqual([])
      await workspace.commit(batch({ entries: [entry(1)], puts: [{ domain: 'task', doc: task('a') }] }))
      expect(await workspace.get('task', ['a'])).toStrictEqual([task('a')])
    }),
  )

  test(`LIM-95: a read that lasts too long is stopped with \`timeout\`, and commits go on (${name})`, async () => {
    const subject = temporarySubject(url, { readTimeout: 1 })
    onTestEnd(() => subject.dispose())
    const workspace = await subject.storage.openWorkspace('workspace', taskSchema)
    const seq = await putAll(
      workspace,
      0,
      Array.from({ length: 300 }, (_, at) => task(`t${at}`, { rank: `${at}` })),
    )
    const found = expect.objectContaining({ name: 'ReadTimeoutError', value: 1 })
    await expect(workspace.find(plan())).rejects.toThrow(found)
    await expect(workspace.findEncoded(plan(), { maxBytes: 1e6, maxCount: 1e6 })).rejects.toThrow(found)
    expect(await putAll(workspace, seq, [task('more')])).toBe(seq + 1)
    const unbounded = subject.another({ readTimeout: 60_000 })
    await subject.storage.close()
    const again = await unbounded.openWorkspace('workspace', taskSchema)
    expect(await again.find(plan())).toHaveLength(301)
  })
})
