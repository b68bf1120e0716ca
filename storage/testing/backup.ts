import { expect, test } from '@jest/globals'
import { setImmediate as tick } from 'node:timers/promises'
import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { contentHash } from '../../model/hash-chain.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { DocumentInfo, DomainScan, WorkspaceStorage } from '../contract.ts'
import { domainHash } from '../shared/domain-hash.ts'
import {
  batch,
  entry,
  type SubjectFactory,
  type SuiteSizes,
  task,
  taskClass,
  taskSchema,
  withWorkspace,
} from './fixture.ts'
import { pushAll } from '../../model/push-all.ts'
import { expectThat } from '../../tests/support/expecting.ts'
import { testSeed } from '../../tests/support/property-parameters.ts'

const WRITERS = 4
const PAGE_BYTES = 4000
const seed = testSeed()

/** Reads and writes of a backup. */
export function describeBackup(name: string, make: SubjectFactory, sizes: SuiteSizes): void {
  const within = (run: Parameters<typeof withWorkspace>[2]) => () => withWorkspace(make, taskSchema, run)

  test(
    `STO-75: ${name} scans a domain as of one position in the log during four writers, and restores to exactly that (seed ${seed})`,
    within(async (workspace, storage) => {
      const writers = new Writers(workspace, seed)
      for (let round = 0; round < sizes.commits; round++) await writers.commit()
      const running = writers.start()
      const walk = await workspace.scan('task')
      const listed: DocumentInfo[] = []
      const read: Doc[] = []
      for (let finished = false; !finished;) {
        const page = await walk.next(PAGE_BYTES)
        pushAll(listed, page.docs)
        pushAll(read, await walk.get(page.docs.map(({ id }) => id)))
        ;({ finished } = page)
        await tick()
      }
      await running.stop()
      const later = await walk.get([...writers.ids])
      walk.close()

      const expected = await replayed(workspace, walk.seq)
      // No other writer was active.
      expect(writers.seq).toBeGreaterThan(walk.seq)
      expect(listed.map(({ id }) => id)).toStrictEqual([...expected.keys()].sort())
      for (const { id, hash, size } of listed) {
        const doc = expected.get(id)
        expectThat(doc)
        expect([hash, size]).toStrictEqual([contentHash(doc), Buffer.byteLength(JSON.stringify(doc))])
      }
      expect(byId(read)).toStrictEqual(byId([...expected.values()]))
      expect(byId(later)).toStrictEqual(byId([...expected.values()]))

      const empty = await storage.openWorkspace('restored', taskSchema)
      await empty.upload('task', read)
      expect(byId([...(await empty.get('task', [...writers.ids]))])).toStrictEqual(
        byId([...expected.values()]),
      )
      const sum = listed.reduce((total, { hash }) => total + BigInt(`0x${hash}`), 0n)
      expect(await domainHash(empty, 'task')).toBe((sum % 2n ** 256n).toString(16).padStart(64, '0'))
    }),
  )

  test(
    `STO-76: ${name} hashes a domain by its content, whatever the order of documents and keys`,
    within(async (workspace, storage) => {
      const other = await storage.openWorkspace('other', taskSchema)
      const none = '0'.repeat(64)
      expect([await domainHash(workspace, 'task'), await domainHash(workspace, 'none')]).toStrictEqual([
        none,
        none,
      ])
      await workspace.upload('task', [task('a', { x: 1, y: 'é' }), task('b')])
      await other.upload('task', [task('b')])
      await other.upload('task', [task('a', { y: 'é', x: 1 })])
      expect(await domainHash(workspace, 'task')).toBe(await domainHash(other, 'task'))
      const expected =
        BigInt(`0x${contentHash(task('a', { x: 1, y: 'é' }))}`) + BigInt(`0x${contentHash(task('b'))}`)
      expect(BigInt(`0x${await domainHash(workspace, 'task')}`)).toBe(expected % 2n ** 256n)
      await other.upload('task', [task('a', { y: 'é', x: 2 })])
      expect(await domainHash(workspace, 'task')).not.toBe(await domainHash(other, 'task'))
    }),
  )

  test(
    `STO-75: ${name} scans the log while it grows, and keeps documents that were restored without a log`,
    within(async (workspace) => {
      await workspace.upload('task', [task('old', { rank: 'a' })])
      await workspace.commit(batch({ entries: [entry(1), entry(2)] }))
      const [log, tasks] = [await workspace.scan('tx'), await workspace.scan('task')]
      const operations = { rank: 'b' }
      const update = entry(3, { _class: core.class.TxUpdateDoc, objectId: 'old', operations })
      await workspace.commit(
        batch({ entries: [update], puts: [{ domain: 'task', doc: task('old', operations) }] }),
      )
      expect(await idsOf(log)).toStrictEqual([entry(1).tx._id, entry(2).tx._id])
      expect(await log.get([entry(1).tx._id, entry(3).tx._id])).toStrictEqual([entry(1).tx])
      expect(await idsOf(tasks)).toStrictEqual(['old'])
      log.close()
      await expect(log.next(100)).rejects.toThrow(expect.objectContaining({ code: 'closed' }))
    }),
  )
}

async function idsOf(walk: DomainScan): Promise<string[]> {
  const { docs, finished } = await walk.next(1e6)
  expect(finished).toBe(true)
  return docs.map(({ id }) => id)
}

function byId(docs: readonly Doc[]): Doc[] {
  return [...docs].sort((a, b) => (a._id < b._id ? -1 : 1))
}

/** The documents that follow from the log, up to a position. */
async function replayed(workspace: WorkspaceStorage, seq: number): Promise<Map<string, Doc>> {
  const docs = new Map<string, Doc>()
  for (const { tx } of await workspace.readLog({ after: 0, limit: seq })) {
    const { objectId } = tx as TxCUD
    const after = applyTransaction(docs.get(objectId), tx as TxCUD)
    if (after === undefined) docs.delete(objectId)
    else docs.set(objectId, after)
  }
  return docs
}

/** Random transactions with the resulting documents, committed one after another. */
class Writers {
  readonly ids = new Set<string>()
  seq = 0
  readonly #workspace: WorkspaceStorage
  readonly #docs = new Map<string, Doc>()
  #random: number
  #last: Promise<void> = Promise.resolve()

  constructor(workspace: WorkspaceStorage, start: number) {
    this.#workspace = workspace
    this.#random = start
  }

  commit(): Promise<void> {
    return (this.#last = this.#last.then(() => this.#commit()))
  }

  start(): { stop: () => Promise<void> } {
    const stopping = new AbortController()
    const write = async () => {
      while (!stopping.signal.aborted) {
        await this.commit()
        await tick()
      }
    }
    const running = Promise.all(Array.from({ length: WRITERS }, write))
    return {
      stop: async () => {
        stopping.abort()
        await running
      },
    }
  }

  async #commit(): Promise<void> {
    const id = `doc-${this.#below(200)}`
    this.ids.add(id)
    const before = this.#docs.get(id)
    const seq = this.seq + 1
    const common = { objectId: id, objectClass: taskClass, objectSpace: 'space-a' }
    const change = before === undefined ? this.#creation() : this.#below(4) === 0 ? removal : this.#update()
    const { tx } = entry(seq, { ...common, ...change })
    const doc = applyTransaction(before, tx as TxCUD)
    const puts = doc === undefined ? [] : [{ domain: 'task', doc }]
    const removes = doc === undefined ? [{ domain: 'task', id }] : []
    await this.#workspace.commit(batch({ entries: [{ seq, tx, request: tx._id }], puts, removes }))
    if (doc === undefined) this.#docs.delete(id)
    else this.#docs.set(id, doc)
    this.seq = seq
  }

  #creation() {
    const attributes = { rank: `r${this.#below(9)}`, count: 0, text: 'x'.repeat(this.#below(200)) }
    return { _class: core.class.TxCreateDoc, attributes }
  }

  #update() {
    return { _class: core.class.TxUpdateDoc, operations: { $inc: { count: 1 }, rank: `r${this.#below(9)}` } }
  }

  #below(limit: number): number {
    this.#random = (Math.imul(this.#random, 1103515245) + 12345) >>> 0
    return Math.trunc((this.#random / 2 ** 32) * limit)
  }
}

const removal = { _class: core.class.TxRemoveDoc }
