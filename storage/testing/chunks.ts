import { expect, test } from '@jest/globals'
import { applyTransaction } from '../../model/apply-transaction.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { DocumentInfo, LogEntry, WorkspaceStorage } from '../contract.ts'
import { batch, entry, noSchema, type SubjectFactory, type SuiteSizes, withWorkspace } from './fixture.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { testSeed } from '../../tests/support/property-parameters.ts'

const LIMIT = 400_000
const seed = testSeed()

/** The size of the chunks of a backup. */
export function describeChunks(name: string, make: SubjectFactory, { chunked }: SuiteSizes): void {
  test(`STO-85: ${name} returns chunks of limited bytes, or of a single larger document (seed ${seed})`, async () => {
    await withWorkspace(make, noSchema, async (workspace) => {
      const sizes = randomSizes(seed, chunked)
      const created = sizes.map((size, at) => change(at + 1, at, size))
      await commit(workspace, created)
      const list = await allOf((cursor) => workspace.list('task', cursor, LIMIT))
      checkChunks(list, sizes.length)
      const walk = await workspace.scan('task')
      // The current size of a document is not its earlier size.
      await commit(
        workspace,
        sizes.map((_, at) => change(sizes.length + at + 1, at, at % 3 === 0 ? undefined : 0)),
      )
      const chunks = await allOf(async () => {
        const { docs, finished } = await walk.next(LIMIT)
        return { docs, cursor: finished ? undefined : 'more' }
      })
      walk.close()
      expect(chunks).toStrictEqual(list)
    })
  })
}

/** Lengths of texts: small, half a chunk, and larger than a chunk. */
function randomSizes(start: number, length: number): number[] {
  let random = start
  return Array.from({ length }, () => {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0
    const [kind, share] = [random >>> 29, (random & 0xffff) / 2 ** 16]
    return Math.trunc(share * (kind === 0 ? 2 * LIMIT : kind < 3 ? LIMIT : LIMIT / 10))
  })
}

/** A document is created, then replaced by one of another size, or removed. */
function change(seq: number, at: number, size: number | undefined): LogEntry {
  const objectId = `doc-${String(at).padStart(3, '0')}`
  if (size === undefined) return entry(seq, { _class: core.class.TxRemoveDoc, objectId })
  const text = 'x'.repeat(size)
  if (seq === at + 1) return entry(seq, { objectId, attributes: { text } })
  return entry(seq, { _class: core.class.TxUpdateDoc, objectId, operations: { text } })
}

async function commit(workspace: WorkspaceStorage, entries: readonly LogEntry[]): Promise<void> {
  for (const each of entries) {
    const tx = each.tx as TxCUD
    const [before] = await workspace.get('task', [tx.objectId])
    const doc = applyTransaction(before, tx)
    const puts = doc === undefined ? [] : [{ domain: 'task', doc }]
    const removes = doc === undefined ? [{ domain: 'task', id: tx.objectId }] : []
    await workspace.commit(batch({ entries: [each], puts, removes }))
  }
}

async function allOf(
  next: (cursor: string | undefined) => Promise<{ docs: DocumentInfo[]; cursor?: string | undefined }>,
): Promise<DocumentInfo[][]> {
  const chunks: DocumentInfo[][] = []
  let cursor: string | undefined
  do {
    const page = await next(cursor)
    chunks.push(page.docs)
    cursor = page.cursor
  } while (cursor !== undefined)
  return chunks
}

/** Each chunk holds as many documents as fit, and no more. */
function checkChunks(chunks: readonly DocumentInfo[][], count: number): void {
  for (const [at, chunk] of chunks.entries()) {
    const bytes = chunk.reduce((sum, { size }) => sum + size, 0)
    expectFor(`${bytes} bytes in ${chunk.length} documents`, bytes <= LIMIT || chunk.length === 1).toBe(true)
    const next = chunks[at + 1]?.[0]
    if (next !== undefined)
      // The next document must not fit.
      expect(bytes + next.size).toBeGreaterThan(LIMIT)
  }
  const ids = chunks.flat().map(({ id }) => id)
  expect(new Set(ids).size).toBe(count)
  expect(ids).toStrictEqual([...ids].sort())
}
