import { expect, test } from '@jest/globals'
import { setImmediate as tick } from 'node:timers/promises'
import fc from 'fast-check'
import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import { aroundCommits } from '../../tests/support/intercepted-storage.ts'
import { ann, testPipeline } from '../../tests/support/test-pipeline.ts'
import {
  applyIf,
  change,
  comment,
  createTask,
  removeTask,
  updateTask,
} from '../../tests/support/transactions.ts'
import { type Storage, StorageError } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

type Fate = 'fine' | 'refused' | 'answer lost'

const id = fc.constantFrom('t1', 't2', 't3')
const transaction: fc.Arbitrary<Tx> = fc.oneof(
  id.map((task) => createTask(task, { title: 'x', votes: 0 })),
  id.map((task) => updateTask(task, { $inc: { votes: 1 } })),
  id.map((task) => ({ ...updateTask(task, { title: 'y' }), retrieve: true })),
  id.map((task) => removeTask(task)),
  fc.tuple(id, fc.constantFrom('c1', 'c2')).map(([task, child]) => comment(task, child)),
  fc
    .constantFrom('c1', 'c2')
    .map((child) => change('core:class:TxRemoveDoc', child, 'board:class:Comment', {}, {})),
  fc.tuple(id, id).map(([first, second]) =>
    applyIf({
      match: [{ _class: 'board:class:Task', query: { _id: first } }],
      txes: [updateTask(first, { $inc: { votes: 1 } }), createTask(second, { title: 'z', votes: 0 })],
    }),
  ),
  id.map((task) =>
    applyIf({
      notMatch: [{ _class: 'board:class:Task', query: { $search: 'nothing' } }],
      txes: [updateTask(task, { $inc: { votes: 1 } })],
    }),
  ),
)
const step = fc.record({
  tx: transaction,
  again: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(30) }),
  pause: fc.nat(4),
})

test('PIPE-27: however storage fails, each transaction takes effect once, results stay the same, and the log replays to the documents', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom<Fate>('fine', 'fine', 'fine', 'refused', 'answer lost'), { maxLength: 30 }),
      async (steps, fates) => {
        const { pipeline, pushes, find } = await testPipeline({ storage: failing(fates) })
        const sent: Tx[] = [
          createTask('t1', { title: 'x', votes: 0 }),
          createTask('t2', { title: 'x', votes: 0 }),
        ]
        // The removal of a missing document has no effect, and is not in the log.
        const removals = new Set<string>()
        const answers = new Map<string, unknown>()
        const acknowledged = new Set<string>()
        const send = async (tx: Tx): Promise<void> => {
          const isKnown = acknowledged.has(tx._id)
          const answer = await pipeline.tx(ann, tx).catch((error: unknown) => error)
          if (answer instanceof StorageError) return
          expectFor(
            `${tx._id} was committed, and refused when sent again`,
            !isKnown || !isRefused(answer),
          ).toBe(true)
          if (isRefused(answer)) return
          if (answers.has(tx._id))
            expectFor(`another answer to ${tx._id}`, answer).toStrictEqual(answers.get(tx._id))
          answers.set(tx._id, answer)
          if (tx._class === 'core:class:TxRemoveDoc') removals.add(tx._id)
          acknowledged.add(tx._id)
        }
        const under = sent.map(send)
        for (const { tx, again, pause } of steps) {
          const old = again === null ? undefined : sent[again % sent.length]
          sent.push(old ?? tx)
          under.push(send(old ?? tx))
          for (let turn = 0; turn < pause; turn++) await tick()
        }
        await Promise.all(under)
        await tick()
        const log = await pipeline.storage.readLog({ after: 0, limit: 10_000 })
        expect(log.map(({ seq }) => seq)).toStrictEqual(log.map((_, at) => at + 1))
        expect(new Set(log.map(({ tx }) => tx._id)).size).toBe(log.length)
        expect(pushes.map(({ seq }) => seq)).toStrictEqual(log.map(({ seq }) => seq))
        const requests = new Set(log.map(({ request }) => request))
        for (const request of acknowledged)
          expectFor(`${request} is not in the log`, requests.has(request) || removals.has(request)).toBe(true)
        const documents = [...(await find('board:class:Task')), ...(await find('board:class:Comment'))]
        expect(byId(documents)).toStrictEqual(byId(replayed(log.map(({ tx }) => tx as TxCUD))))
        await pipeline.close()
      },
    ),
    propertyParameters({ numRuns: 400 }),
  )
})

/** An apply-if that did not apply, or a transaction that could not be applied: it has no effect. */
function isRefused(answer: unknown): boolean {
  return answer instanceof Error || (answer as { success?: boolean }).success === false
}

function replayed(log: readonly TxCUD[]): Doc[] {
  const documents = new Map<string, Doc>()
  for (const tx of log) {
    const { _id } = targetOf(tx)
    const after = applyTransaction(documents.get(_id), tx)
    if (after === undefined) documents.delete(_id)
    else documents.set(_id, after)
  }
  return [...documents.values()]
}

function byId(docs: readonly Doc[]): Doc[] {
  return [...docs].sort((a, b) => (a._id < b._id ? -1 : 1))
}

/** Slow storage in memory, whose commits have the outcomes that the test sets. */
function failing(fates: readonly Fate[]): Storage {
  let commits = 0
  return aroundCommits(createMemoryStorage(), async (batch, commit) => {
    const fate = fates[commits++] ?? 'fine'
    for (let turn = 0; turn < 3; turn++) await tick()
    if (fate === 'refused') throw new StorageError('full', 'no space')
    await commit(batch)
    if (fate === 'answer lost') throw new StorageError('unavailable', 'the worker died')
    await tick()
  })
}
