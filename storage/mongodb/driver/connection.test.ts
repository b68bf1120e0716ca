import { expect, test } from '@jest/globals'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { type Document, MongoClient, MongoNetworkError } from 'mongodb'
import { cuttingProxy } from '../../../tests/services/cutting-proxy.ts'
import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import { StorageError, type WorkspaceStorage } from '../../contract.ts'
import { batch, entry, idsOf, noSchema, task } from '../../testing/fixture.ts'
import { createClient } from './client.ts'
import { databaseName } from './database-name.ts'
import { createMongoStorage } from '../storage.ts'
import { openParts, temporarySubject, type TemporarySubject } from '../../testing/mongodb-test-storage.ts'
import { expectFor, satisfying } from '../../../tests/support/expecting.ts'

const groups = 30
const groupSize = 3

/** One group: documents of its own, and one that every group replaces. */
function groupAt(first: number, group: number) {
  const entries = Array.from({ length: groupSize }, (_, index) => {
    const id = `doc-${group}-${index}`
    return entry(first + index, { _id: `tx-${group}-${index}`, objectId: id, attributes: { group } })
  })
  const docs = entries.map(({ tx }, index) => task(`doc-${group}-${index}`, { group, tx: tx._id }))
  const puts = [...docs, task('last', { group })].map((doc) => ({ domain: 'task', doc }))
  return batch({ entries, puts, removes: group > 0 ? [{ domain: 'task', id: `doc-${group - 1}-0` }] : [] })
}

/** As in the commit queue: after a failure the log is read for the outcome. */
async function commitAll(workspace: WorkspaceStorage, before: (group: number) => void): Promise<number> {
  let lastSeq = workspace.lastSeq
  let failures = 0
  for (let group = 0; group < groups; group++) {
    before(group)
    for (;;) {
      try {
        await workspace.commit(groupAt(lastSeq + 1, group))
        lastSeq += groupSize
        break
      } catch (error) {
        expectFor(String(error), error instanceof StorageError && error.code === 'unavailable').toBe(true)
        failures++
      }
      const happened = await workspace.readLog({ after: lastSeq, limit: 100 })
      expectFor(`${happened.length} entries of a group`, [0, groupSize]).toContain(happened.length)
      lastSeq += happened.length
      if (happened.length > 0) break
    }
  }
  return failures
}

function expectedIds(): string[] {
  const ids = Array.from({ length: groups }, (_, group) =>
    Array.from({ length: groupSize }, (_, index) => `doc-${group}-${index}`),
  ).flat()
  const removed = new Set(Array.from({ length: groups - 1 }, (_, group) => `doc-${group}-0`))
  return [...ids.filter((id) => !removed.has(id)), 'last'].sort()
}

await withEachMongo(({ url, name, leavesHalves }) => {
  /** Collections that must exist before the connection is cut, for a server that creates them in steps. */
  const makeCollections = async ({ prefix }: TemporarySubject) => {
    if (leavesHalves === undefined) return
    const client = new MongoClient(url)
    try {
      const database = client.db(databaseName(prefix, 'workspace'))
      for (const each of ['task', 'atrium.contested', 'atrium.irregular'])
        await database.createCollection(each)
    } finally {
      await client.close()
    }
  }

  for (const retryFor of [10_000, 0]) {
    const title = retryFor === 0 ? 'that fail at the cut' : 'that are retried'
    test(`STO-44: cut connections neither lose nor double a commit, with commits ${title} (${name})`, async () => {
      const proxy = await cuttingProxy(url)
      const subject = temporarySubject(proxy.url, { retryFor })
      const direct = temporarySubject(url)
      try {
        await makeCollections(subject)
        const workspace = await subject.storage.openWorkspace('workspace', noSchema)
        const failures = await commitAll(workspace, (group) => {
          if (group % 3 === 0) proxy.cutAfterNextRequest(group % 4)
          if (group % 10 === 0) proxy.cut()
        })
        expectFor(`${failures} failures`, failures > 0).toBe(retryFor === 0)
        const log = await workspace.readLog({ after: 0, limit: 1000 })
        expect(log.map(({ seq, tx }) => `${seq} ${tx._id}`)).toStrictEqual(
          Array.from({ length: groups * groupSize }, (_, index) => {
            const [group, place] = [Math.floor(index / groupSize), index % groupSize]
            return `${index + 1} tx-${group}-${place}`
          }),
        )
        expect(await idsOf(workspace, {})).toStrictEqual(expectedIds())
        const [last] = await workspace.get('task', ['last'])
        expect((last as unknown as { group: number }).group).toBe(groups - 1)
        await workspace.close()
      } finally {
        await subject.dispose()
        await direct.dispose()
        await proxy.close()
      }
    })
  }

  test(`STO-54: a command whose socket closes while it is written fails, and does not wait forever (${name})`, async () => {
    const sockets: Socket[] = []
    const keep = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
    subscribe('net.client.socket', keep)
    const client = new MongoClient(url, { monitorCommands: true, retryReads: false })
    try {
      await client.db('admin').command({ ping: 1 })
      client.once('commandStarted', () => {
        for (const socket of sockets) socket.destroy()
      })
      await expect(client.db('admin').command({ ping: 1 })).rejects.toThrow(MongoNetworkError)
      await client.db('admin').command({ ping: 1 })
    } finally {
      unsubscribe('net.client.socket', keep)
      await client.close()
    }
  })

  test(`STO-106: options of the connection string never override what correctness requires (${name})`, async () => {
    const fighting =
      'w=0&journal=false&wtimeoutMS=1&readConcernLevel=local&readPreference=secondary&maxStalenessSeconds=120' +
      '&retryWrites=false&retryReads=false&promoteValues=false&raw=true&ignoreUndefined=false&maxPoolSize=1' +
      '&socketTimeoutMS=1&serverSelectionTimeoutMS=1'
    const against = `${url}${url.includes('?') ? '&' : '/?'}${fighting}`
    const subject = temporarySubject(url)
    const limits = { selectionTimeout: 5000, commandTimeout: 30_000 }
    const client = createClient(against, limits, { monitorCommands: true })
    const odd: string[] = []
    client.on('commandStarted', ({ commandName, command }) => {
      if (commandName === 'hello' || commandName === 'endSessions') return
      const { writeConcern, readConcern, $readPreference } = command as Document
      const isRead = ['find', 'aggregate'].includes(commandName)
      const isWrite = ['insert', 'update', 'delete'].includes(commandName)
      const isGood =
        (!isWrite || (writeConcern?.w === 'majority' && writeConcern.j === true && !writeConcern.wtimeout)) &&
        (!isRead || readConcern?.level === 'majority') &&
        ($readPreference === undefined || $readPreference.mode.startsWith('primary'))
      if (!isGood) odd.push(JSON.stringify({ commandName, writeConcern, readConcern, $readPreference }))
    })
    try {
      const { committer, documents } = await openParts(subject, client)
      const doc = task('a', { rank: undefined, count: 1 })
      await committer.commit(batch({ entries: [entry(1)], puts: [{ domain: 'task', doc }] }))
      expect(await documents.read('task', ['a'])).toStrictEqual([task('a', { count: 1 })])
      expect(odd).toStrictEqual([])
      const workspace = await subject.another({ url: against }).openWorkspace('workspace', noSchema)
      expect(await idsOf(workspace, {})).toStrictEqual(['a'])
    } finally {
      await client.close()
      await subject.dispose()
    }
  })

  test(`STO-44: without a server a call fails with unavailable in time, and leaves no timer (${name})`, async () => {
    const proxy = await cuttingProxy(url)
    await proxy.close()
    const storage = createMongoStorage({ url: proxy.url, retryFor: 200, selectionTimeout: 100 })
    const coded = (error: unknown) => error instanceof StorageError && error.code === 'unavailable'
    await expect(storage.openWorkspace('workspace', noSchema)).rejects.toThrow(satisfying(coded))
    await storage.close()
  })
})
