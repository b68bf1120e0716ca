import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { board } from '../../examples/board/model.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'
import { onTasks, TriggerWorld } from '../../tests/support/trigger-world.ts'
import { verifyLog } from '../verify/verify-log.ts'

const { Comment, Task } = board.class

type Fate = 'made' | 'throws' | 'refused' | 'hangs'

/** What happens: a task changes, or the workspace is closed and opened again. */
const step = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 1, arbitrary: fc.constant('reopen') },
)
const fate = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fate>('made') },
  { weight: 2, arbitrary: fc.constantFrom<Fate>('throws', 'refused', 'hangs') },
)

/** The rank that a change sets, or that of a new task. */
function rankOf(tx: TxCUD): string {
  return (tx as { operations?: { rank?: string } }).operations?.rank ?? 'new'
}

/** A trigger that does what the fates say, one for each run, and then succeeds. */
function fateful(fates: Fate[], concurrency: number) {
  return onTasks({
    concurrency,
    timeout: 2,
    run: async ({ bySystem, signal }, tx) => {
      const next = fates.shift()
      if (next === 'throws') throw new Error('away')
      if (next === 'hangs')
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('late'))),
        )
      const parent = { _id: tx.objectId, _class: Task, space: tx.objectSpace }
      if (next === 'refused')
        return [bySystem.attach({ ...parent, _id: 'none' as never }, 'comments', Comment, {})]
      return [bySystem.attach(parent, 'comments', Comment, { message: `${tx.objectId} ${rankOf(tx)}` })]
    },
  })
}

test('MOD-50: however runs fail, hang and are refused, and whenever the workspace closes, each transaction has its effect once, in the order of its key', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fate, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, fates, concurrency) => {
        const world = new TriggerWorld()
        const opened = await world.open([fateful([...fates], concurrency)], { failing: 3 })
        await world.add('a', 'b', 'c', 'd')
        const expected = ['a new', 'b new', 'c new', 'd new']
        for (const [at, task] of steps.entries()) {
          if (task === 'reopen') {
            await world.close()
            await world.reopen()
          } else {
            await world.change(task, String(at))
            expected.push(`${task} ${at}`)
          }
        }
        await world.opened.pipeline.triggersIdle()
        const { find, pipeline } = world.opened
        const log = await pipeline.storage.readLog({ after: 0, limit: 10_000 })
        const made = log.flatMap(({ tx }) => {
          const { tx: inner } = tx as { tx?: { attributes?: { message?: string } } }
          return inner?.attributes?.message ?? []
        })
        for (const task of ['a', 'b', 'c', 'd']) {
          const ofTask = (messages: readonly string[]) => messages.filter((each) => each.startsWith(task))
          expect(ofTask(made)).toStrictEqual(ofTask(expected))
        }
        expect(await find(Comment)).toHaveLength(expected.length)
        expect([...(await world.letters())]).toStrictEqual([])
        expect((await verifyLog(pipeline.storage, pipeline.model.hierarchy)).differences).toStrictEqual([])
        await world.close()
        expect(opened.log.lines.filter(({ message }) => message.includes('stops'))).toStrictEqual([])
      },
    ),
    propertyParameters({ numRuns: 60 }),
  )
})
