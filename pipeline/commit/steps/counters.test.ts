import { expect, test } from '@jest/globals'
import type { Tx } from '../../../model/transactions.ts'
import { caller, testPipeline } from '../../../tests/support/test-pipeline.ts'
import { comment, createTask } from '../../../tests/support/transactions.ts'

test('PIPE-75: a document that is attached with an old time does not set its parent’s `modifiedOn` back', async () => {
  const { pipeline, find } = await testPipeline()
  const tool = caller('ann', { system: true })
  await pipeline.tx(tool, { ...createTask('t1', { title: 'x' }), modifiedOn: 5000 })
  const times = []
  for (const [id, modifiedOn] of [
    ['c1', 1000],
    ['c2', 9000],
  ] as const) {
    const { tx, ...outer } = comment('t1', id)
    await pipeline.tx(tool, { ...outer, modifiedOn, tx: { ...(tx as object), modifiedOn } } as Tx)
    const [task] = await find('board:class:Task')
    times.push(task?.modifiedOn)
  }
  expect(times).toStrictEqual([5000, 9000])
})
