import { describe, expect, test } from '@jest/globals'
import { fakeClock, FakeScheduler } from '../../tests/support/fake-scheduler.ts'
import type { Tx } from '../../model/transactions.ts'
import { MemoryStore } from './client-store.ts'
import { GuardedStore } from './guarded-store.ts'
import { StoredChanges } from './stored-changes.ts'

const tx = (id: string) => ({ _id: id }) as Tx
const idsOf = (txes: readonly Tx[]) => txes.map(({ _id }) => _id as string)

describe('stored changes', () => {
  test('SDK-55: unsent changes are stored in the order in which they were made, after those of an earlier run', async () => {
    const store = new MemoryStore()
    const first = new StoredChanges(store)
    await Promise.all(['c', 'a', 'b'].map((id) => first.add(tx(id))))
    const second = new StoredChanges(store)
    await second.add(tx('0'))
    expect(idsOf(await second.load())).toStrictEqual(['c', 'a', 'b'])
    await second.remove(tx('a'))
    expect(idsOf(await new StoredChanges(store).load())).toStrictEqual(['c', 'b', '0'])
  })

  test('SDK-55: pages that share a store keep their changes separate', async () => {
    const store = new MemoryStore()
    const [first, second] = [new StoredChanges(store), new StoredChanges(store)]
    await Promise.all([first.load(), second.load()])
    await Promise.all([first.add(tx('a')), second.add(tx('b'))])
    await first.add(tx('c'))
    expect(idsOf(await new StoredChanges(store).load())).toStrictEqual(['a', 'b', 'c'])
  })

  test('SDK-56: a store that fails is reported, and counts as empty', async () => {
    const error = new Error('no room')
    const fail = () => Promise.reject(error)
    const told: unknown[] = []
    const time = new FakeScheduler()
    const store = new GuardedStore({
      store: { get: fail, set: fail, delete: fail, entries: fail },
      clock: fakeClock(time),
      failed: (failure) => told.push(failure),
    })
    await store.set('a', 1)
    await store.delete('a')
    expect([await store.get('a'), await store.entries('')]).toStrictEqual([undefined, undefined])
    expect(time.waiting).toBe(0)
    expect(told).toStrictEqual([error, error, error, error])
  })
})
