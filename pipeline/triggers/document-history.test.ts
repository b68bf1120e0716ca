import { expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import { targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { ann } from '../../tests/support/test-pipeline.ts'
import { comment, removeTask } from '../../tests/support/transactions.ts'
import { onTasks, TriggerWorld } from '../../tests/support/trigger-world.ts'

test('MOD-38: an asynchronous trigger sees the document before and after its transaction, whatever happened since', async () => {
  const world = new TriggerWorld()
  /** By document, as documents have no order among each other. */
  const changes = new Map<string, unknown[]>()
  const shown = (doc: Doc | undefined) => {
    const { title, rank, message, comments } = (doc ?? {}) as Record<string, unknown>
    return doc === undefined ? 'none' : [title ?? message, rank ?? comments ?? ''].join(' ').trim()
  }
  const trigger = onTasks({
    on: { classes: [board.class.Task, board.class.Comment] },
    run: async ({ before, after }, tx) => {
      const { _id } = targetOf(tx)
      const change = [tx._class.slice('core:class:'.length), shown(await before()), shown(await after())]
      changes.set(_id, [...(changes.get(_id) ?? []), change])
      return []
    },
  })
  const { pipeline } = await world.open([])
  await world.add('t')
  await world.close()
  expect(pipeline.flaws).toStrictEqual([])
  const first = await world.open([trigger])
  await world.change('t', '1')
  await world.change('t', '2')
  await first.pipeline.triggersIdle()
  await world.close()
  // The document exists no longer when the trigger runs, and nothing of it is in memory.
  await world.open([{ ...trigger, run: async () => await new Promise(() => undefined) }])
  await world.opened.pipeline.tx(ann, comment('t', 'c'))
  await world.opened.pipeline.tx(ann, removeTask('t'))
  await world.close()
  const last = await world.open([trigger])
  await last.pipeline.triggersIdle()
  expect(changes.get('t')).toStrictEqual([
    ['TxUpdateDoc', 't', 't 1'],
    ['TxUpdateDoc', 't 1', 't 2'],
    ['TxUpdateDoc', 't 2', 't 2'],
    ['TxRemoveDoc', 't 2', 'none'],
  ])
  expect(changes.get('c')?.toSorted()).toStrictEqual([
    ['TxCollectionCUD', 'none', 'comment c'],
    ['TxRemoveDoc', 'comment c', 'none'],
  ])
})
