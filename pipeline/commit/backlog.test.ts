import { describe, expect, test } from '@jest/globals'
import type { Caller } from '../shared/caller.ts'
import { createTask } from '../../tests/support/transactions.ts'
import { Backlog } from './backlog.ts'
import type { Waiting } from './staging.ts'

function waiting(caller: Caller, _id: string): Waiting {
  return { caller, tx: createTask(_id, {}, { _id }), resolve: () => undefined, reject: () => undefined }
}

const ids = (taken: readonly Waiting[]) => taken.map(({ tx }) => tx._id)

describe('backlog', () => {
  test('LIM-136: transactions that wait are staged by sessions in turn, those of one session in order, and returned ones first', () => {
    const backlog = new Backlog()
    const [busy, calm] = [{ email: 'busy' } as Caller, { email: 'calm' } as Caller]
    for (const id of ['b1', 'b2', 'b3', 'b4', 'b5']) backlog.add(waiting(busy, id))
    backlog.add(waiting(calm, 'c1'))
    const first = backlog.take(3)
    expect(ids(first)).toStrictEqual(['b1', 'c1', 'b2'])
    backlog.putBack(first.slice(1))
    backlog.add(waiting(calm, 'c2'))
    expect(backlog.size).toBe(6)
    expect(ids(backlog.take(4))).toStrictEqual(['c1', 'b2', 'b3', 'c2'])
    backlog.repeat([waiting(busy, 'again')])
    expect([backlog.isReady, backlog.hasRepeated]).toStrictEqual([true, true])
    backlog.restage([waiting(busy, 'stale')])
    expect(ids(backlog.take(9))).toStrictEqual(['again', 'stale', 'b4', 'b5'])
    expect([backlog.size, backlog.isReady]).toStrictEqual([0, false])
  })
})
