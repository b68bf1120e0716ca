import { expect, test } from '@jest/globals'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc } from '../../../model/documents.ts'
import { OutsideService } from '../outside-service.ts'
import { createSpace, eventually, World, WORKSPACE } from './world.ts'

interface Article extends Doc {
  number: number
  currency: string
  price: number
  conversions: number
  counted: number
}
interface Statistics {
  workspaces: { id: string; migrations?: { migration: string; toProcess: number; total: number }[] }[]
}

const Article = 'bulk:class:Article' as ClassRef<Article>
const COUNT = 3000
/** Articles of one job. */
const SHARE = 250

test('MOD-195: an application that changes thousands of documents by a method, a migration and jobs has each change once over `kill -9`', async () => {
  const bank = await OutsideService.start()
  bank.isHolding = true
  const world = await World.make('bulk')
  await world.start()
  const client = world.client('ann')
  const space = await createSpace(client, 'articles')
  await client.call('bulk.fill', [{ space, count: COUNT, foreign: COUNT / 2 }])
  const raised = await Promise.all([2, 3].map(async (by) => await client.call('bulk.raise', [by])))
  expect(raised).toStrictEqual([COUNT, COUNT])
  /** How many articles there are with each value of a field. */
  const values = async (field: 'price' | 'conversions' | 'counted') => {
    const counts = new Map<unknown, number>()
    for (const article of await client.findAll(Article))
      counts.set(article[field], (counts.get(article[field]) ?? 0) + 1)
    return [...counts]
  }
  expect(await values('price')).toStrictEqual([[6, COUNT]])

  // The migration waits for the bank in the middle.
  await world.stop()
  const release2 = { BULK_RELEASE: '2', BANK_URL: bank.url }
  await world.start(release2)
  const entered = client.findAll(Article, { conversions: 1 })
  await eventually(() => bank.calls.length === 1, 'the call of the migration')
  const { workspaces } = await world.rest<Statistics>('statistics')
  const [migration] = workspaces.find(({ id }) => id === WORKSPACE)?.migrations ?? []
  expect(migration).toMatchObject({ migration: 'bulk.convert', total: COUNT })
  expect(migration?.toProcess).toBeGreaterThan(0)
  await world.kill()
  bank.release()
  await world.start(release2)
  expect(await entered).toHaveLength(COUNT)
  expect(bank.calls).toHaveLength(2)
  expect(await values('conversions')).toStrictEqual([[1, COUNT]])

  // The jobs are asked for, and the fifth one waits for the bank.
  bank.answer = (body) => void (bank.isHolding ||= body === `share ${3 * SHARE}`)
  expect(await client.call('bulk.count')).toBe(COUNT / SHARE)
  await eventually(() => bank.calls.includes(`share ${4 * SHARE}`), 'the fifth job')
  await world.kill()
  bank.answer = () => undefined
  bank.release()
  await world.start(release2)
  const counted = async () => (await client.findAll(Article, { counted: { $gte: 1 } })).length
  await eventually(async () => (await counted()) === COUNT, 'all jobs')
  expect(await values('counted')).toStrictEqual([[1, COUNT]])
  // What was under way has been asked for again, with the same key.
  const keysOf = (body: string) => bank.keys.filter((_, at) => bank.calls[at] === body)
  expect(keysOf(`share ${4 * SHARE}`).length).toBeGreaterThan(1)
  expect(new Set(keysOf(`share ${4 * SHARE}`)).size).toBe(1)
})
