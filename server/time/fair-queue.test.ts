import { expect, test } from '@jest/globals'
import { FairQueue } from './fair-queue.ts'

test('LIM-71: work waits behind that of its own key, and not in front of others', async () => {
  const queue = new FairQueue({ concurrency: 1, waiting: 12, waitingOfKey: 10 })
  const order: string[] = []
  const done = async (name: string) => {
    await new Promise(setImmediate)
    order.push(name)
  }
  const all = 'a b c d e f g h i j'
    .split(' ')
    .map(async (name) => await queue.run('flood', async () => await done(name)))
  all.push(
    queue.run('ann', async () => await done('ANN')),
    queue.run('bob', async () => await done('BOB')),
  )
  expect([queue.waiting, queue.hasRoom('flood'), queue.hasRoom('eve')]).toStrictEqual([11, true, true])
  await Promise.all(all)
  expect(order.join(' ')).toBe('a b ANN BOB c d e f g h i j')
  expect(queue.waiting).toBe(0)
})

test('LIM-71: work that fails makes room, and what waits is bounded in all and by key', async () => {
  const queue = new FairQueue({ concurrency: 1, waiting: 3, waitingOfKey: 2 })
  const fails = async () => await Promise.reject(new Error('no'))
  const all = [queue.run('a', fails), queue.run('a', fails), queue.run('a', fails)]
  expect([queue.hasRoom('a'), queue.hasRoom('b')]).toStrictEqual([false, true])
  all.push(queue.run('b', fails))
  expect(queue.hasRoom('c')).toBe(false)
  const outcomes = await Promise.allSettled(all)
  expect(outcomes.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected', 'rejected', 'rejected'])
  expect(await queue.run('a', async () => await Promise.resolve('again'))).toBe('again')
})
