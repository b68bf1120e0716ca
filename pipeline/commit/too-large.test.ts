import { describe, expect, test } from '@jest/globals'
import type { Doc, Ref } from '../../model/documents.ts'
import { gate } from '../../tests/support/gate.ts'
import { aroundCommits, interceptedStorage } from '../../tests/support/intercepted-storage.ts'
import { ann, bob, testPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, comment, createTask, removeTask, updateTask } from '../../tests/support/transactions.ts'
import type { CommitBatch, Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { TooLargeError } from '../../storage/shared/too-large.ts'
import { estimatedSize } from '../shared/estimated-size.ts'

const largest = 2000

interface Limits {
  maxGroupBytes?: number
  /** The part of a batch that is refused. */
  refused?: (batch: CommitBatch) => TooLargeError | undefined
  memory?: Storage
}

/** Storage in memory with a size limit, which records the transactions of each group. */
function limited({ maxGroupBytes = Infinity, refused, memory = createMemoryStorage() }: Limits) {
  const batches: CommitBatch[] = []
  const small = interceptedStorage(memory, (workspace) => Object.assign(workspace, { maxGroupBytes }))
  const storage = aroundCommits(small, async (batch, commit) => {
    const error = refused?.(batch)
    if (error !== undefined) throw error
    await commit(batch)
    batches.push({ ...batch, entries: [...batch.entries] })
  })
  return { storage, batches }
}

const isLarge = (value: unknown) => JSON.stringify(value).length > largest
const fields = { size: 0, limit: largest }

/** Names the document that is too large, as MongoDB does. */
function naming({ entries, puts }: CommitBatch): TooLargeError | undefined {
  const requests = entries.filter(({ tx }) => isLarge(tx)).map(({ request }) => request)
  const documents = puts.filter(({ doc }) => isLarge(doc)).map(({ doc }) => doc._id as string)
  if (requests.length + documents.length === 0) return undefined
  return new TooLargeError('too large', { ...fields, requests, documents })
}

/** Names no document, as when only the refusal of the whole is known. */
function unnamed(batch: CommitBatch): TooLargeError | undefined {
  return naming(batch) === undefined ? undefined : new TooLargeError('too large', fields)
}

describe('large transactions', () => {
  test.each([
    ['that storage names', naming],
    ['of which storage names nothing', unnamed],
  ] as const)(
    'PIPE-73: a transaction that is too large is refused alone, and the others of its group are committed in order (%s)',
    async (_how, refused) => {
      const { storage } = limited({ refused })
      const { pipeline, find, pushes, log } = await testPipeline({ storage })
      const part = 'x'.repeat(700)
      const sent = [
        createTask('a', { title: 'a' }),
        createTask('large', { title: 'x'.repeat(3000) }),
        createTask('grows', { title: 'g', labels: [] }),
        updateTask('grows', { $push: { labels: part } }),
        applyIf({ txes: [createTask('b', { title: 'b' }), updateTask('a', { title: 'y'.repeat(3000) })] }),
        updateTask('grows', { $push: { labels: `${part}1` } }),
        updateTask('grows', { $push: { labels: `${part}2` } }),
        comment('a', 'c1'),
        updateTask('grows', { title: 'grown' }),
        updateTask('large', { title: 'z' }),
        createTask('last', { title: 'last' }),
      ]
      const answers = await Promise.allSettled(sent.map((tx) => pipeline.tx(ann, tx)))
      const outcomes = answers.map((answer) =>
        answer.status === 'fulfilled' ? 'committed' : (answer.reason as Error).name,
      )
      const late = outcomes[9]
      expect(outcomes.map((outcome) => (outcome === 'committed' ? 1 : 0))).toStrictEqual([
        1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1,
      ])
      // The refused document does not exist.
      expect(late).toBe('StatusError')
      expect((answers[1] as PromiseRejectedResult).reason).toBeInstanceOf(TooLargeError)
      expect((answers[6] as PromiseRejectedResult).reason).toBeInstanceOf(TooLargeError)
      const tasks = (await find('board:class:Task')) as unknown as (Doc & {
        title: string
        labels?: string[]
      })[]
      expect(tasks.map(({ _id, title }) => `${_id}: ${title}`).sort()).toStrictEqual([
        'a: a',
        'grows: grown',
        'last: last',
      ])
      expect(tasks.find(({ _id }) => _id === 'grows')?.labels?.length).toBe(2)
      await new Promise(setImmediate)
      const seqs = pushes.flatMap(({ seq }) => seq ?? [])
      expect(seqs).toStrictEqual([...seqs].sort((x, y) => x - y))
      expect(seqs.at(-1)).toBe(pipeline.lastSeq())
      expect(log.lines.filter(({ level }) => level === 'error')).toStrictEqual([])
      expect(await pipeline.tx(bob, removeTask('a', { by: 'account:bob' }))).toStrictEqual({})
    },
  )

  test('PIPE-73: a committed transaction that is sent again returns its first result, even when it would be too large now', async () => {
    const memory = createMemoryStorage()
    const before = await testPipeline({ storage: memory })
    await before.pipeline.tx(ann, createTask('t', { title: 't', labels: [] }))
    const push = updateTask('t', { $push: { labels: 'x'.repeat(1500) } })
    await before.pipeline.tx(ann, push)
    await before.pipeline.close()
    const { storage } = limited({ refused: naming, memory })
    const { pipeline, find } = await testPipeline({ storage })
    const answers = await Promise.all([
      pipeline.tx(ann, push),
      pipeline.tx(ann, createTask('other', { title: 'o' })),
    ])
    expect(answers).toStrictEqual([{}, {}])
    const [task] = await find('board:class:Task', { _id: 't' as Ref })
    expect((task as Doc & { labels: string[] }).labels).toHaveLength(1)
  })

  test('PIPE-74: a group has at most the bytes that storage takes together, and a larger transaction is committed alone', async () => {
    const maxGroupBytes = 50_000
    const first = gate()
    const { storage, batches } = limited({ maxGroupBytes })
    const { pipeline } = await testPipeline({ storage })
    const commit = pipeline.storage.commit.bind(pipeline.storage)
    Object.assign(pipeline.storage, {
      commit: async (batch: CommitBatch) => {
        await first.pass()
        await commit(batch)
      },
    })
    const going = pipeline.tx(ann, createTask('first', { title: 'x' }))
    await first.reached
    const large = Array.from({ length: 30 }, (_, at) => createTask(`l${at}`, { title: 'x'.repeat(8000) }))
    const [whole] = [createTask('whole', { title: 'x'.repeat(80_000) })]
    const small = Array.from({ length: 40 }, (_, at) => createTask(`s${at}`, { title: 'x' }))
    const sent = [...large, whole, ...small]
    const answers = sent.map((tx) => pipeline.tx(ann, tx as never))
    first.open()
    await Promise.all([going, ...answers])
    const sizes = batches.map(({ entries, puts }) =>
      [...entries, ...puts].reduce((bytes, each) => bytes + JSON.stringify(each).length, 0),
    )
    const over = batches.filter((_, at) => (sizes[at] ?? 0) > maxGroupBytes)
    expect(over.map(({ entries }) => entries.map(({ tx }) => tx._id))).toStrictEqual([[whole._id]])
    const groups = (some: readonly { _id: string }[]) => {
      const ids = new Set(some.map(({ _id }) => _id))
      return batches.filter(({ entries }) => entries.some(({ tx }) => ids.has(tx._id))).length
    }
    expect(groups(large)).toBeGreaterThan(5)
    expect(groups(large)).toBeLessThanOrEqual(15)
    // Groups after a large transaction begin small.
    expect(groups(small)).toBeLessThanOrEqual(7)
    const log = await pipeline.storage.readLog({ after: 1, limit: 100 })
    expect(log.map(({ tx }) => tx._id)).toStrictEqual(sent.map(({ _id }) => _id))
  })

  test('PIPE-74: the estimated size is at least the JSON size of documents of every kind, except for escapes', () => {
    const values = [
      'x'.repeat(1000),
      'é'.repeat(1000),
      '漢'.repeat(300),
      '😀'.repeat(500),
      ['a', 1, null, true, { b: [] }],
      createTask('t', { title: 'x', labels: ['é', '漢'] }),
      Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`field${at}`, at * 7])),
    ]
    for (const value of values) {
      const least = Buffer.byteLength(JSON.stringify(value))
      const estimate = estimatedSize(value)
      expect(estimate).toBeGreaterThanOrEqual(least * 0.9)
      expect(estimate).toBeLessThanOrEqual(least * 4 + 64)
    }
  })
})
