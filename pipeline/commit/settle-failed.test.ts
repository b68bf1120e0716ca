import { expect, test } from '@jest/globals'
import { StatusError } from '../../model/status.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { type Storage, StorageError } from '../../storage/contract.ts'
import { aroundCommits } from '../../tests/support/intercepted-storage.ts'
import { ann, testPipeline } from '../../tests/support/test-pipeline.ts'
import { createTask, updateTask } from '../../tests/support/transactions.ts'

/** Refuses commits while `isFull`. */
function fillable(): { storage: Storage; disk: { isFull: boolean } } {
  const disk = { isFull: false }
  const storage = aroundCommits(createMemoryStorage(), async (batch, commit) => {
    if (disk.isFull) throw new StorageError('full', 'no space')
    await commit(batch)
  })
  return { storage, disk }
}

test('PIPE-72: a transaction that is sent again on a full disk returns its first result, and new ones beside it are refused', async () => {
  const { storage, disk } = fillable()
  const { pipeline } = await testPipeline({ storage })
  const known = [createTask('t1', { title: 'x', votes: 0 }), updateTask('t1', { $inc: { votes: 1 } })]
  const retrieving = { ...updateTask('t1', { $inc: { votes: 1 } }), retrieve: true }
  const first = []
  for (const tx of [...known, retrieving]) first.push(await pipeline.tx(ann, tx))
  // The next pipeline knows only what storage contains.
  await pipeline.close()
  const again = await testPipeline({ storage })
  disk.isFull = true
  const sent = [...known, createTask('t2', { title: 'new' }), retrieving].map((tx) =>
    again.pipeline.tx(ann, tx),
  )
  const answers = await Promise.allSettled(sent)
  const [one, two, fresh, three] = answers.map((answer) =>
    answer.status === 'fulfilled' ? answer.value : codeOf(answer.reason),
  )
  expect([one, two, three]).toStrictEqual(first)
  expect(fresh).toBe('full')
  disk.isFull = false
  await again.pipeline.tx(ann, createTask('t3', { title: 'later' }))
  await again.pipeline.close()
})

function codeOf(error: unknown): unknown {
  return error instanceof StatusError ? error.status.code : (error as StorageError).code
}
