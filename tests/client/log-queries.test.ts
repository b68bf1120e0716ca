import { describe, expect, test } from '@jest/globals'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { FindOptions } from '../../model/query/query.ts'
import { memoryDial } from '../support/memory-network.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { tamperingDial } from '../support/tampering-dial.ts'
import { ClientWorld } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

const transactions = 'core:class:TxCUD' as Ref<Class>
const ofTasks = { objectClass: 'board:class:Task' as Ref<Class> }
const by = { by: 'account:ann' }

describe('live queries of the log', () => {
  test('SDK-27: a live query of the log shows every commit of any account, and nothing from before', async () => {
    const made = new ClientWorld(17)
    const [ann, bob] = [made.join('ann'), made.join('bob')]
    onTestEnd(async () => await made.end())
    await made.calm()
    const options: FindOptions = { total: true, sort: { _id: 1 } }
    const shown: string[][] = []
    const totals: number[] = []
    ann.client.query(transactions, ofTasks, options, (docs) => {
      shown.push(docs.map((doc) => (doc as unknown as Doc & { objectId: string }).objectId))
      totals.push(docs.total)
    })
    await made.calm()
    ann.client.stop()
    ann.send(createTask('t1', { title: 'x' }, by))
    await made.pass(2000)
    expect(shown).toStrictEqual([[]])
    ann.client.restart()
    await made.calm()
    bob.send(createTask('t2', { title: 'x' }, { by: 'account:bob' }))
    await made.calm()
    ann.send(updateTask('t1', { title: 'y' }, by))
    await made.calm()
    expect([shown.at(-1)?.toSorted(), totals.at(-1)]).toStrictEqual([['t1', 't1', 't2'], 3])
    const fresh = await made.settled(ann.client.findAll(transactions, ofTasks, options))
    expect(shown.at(-1)).toStrictEqual(fresh.map((doc) => (doc as unknown as { objectId: string }).objectId))
  })

  test('SDK-27: the log is queried once a second, however much is committed, and the final state is shown', async () => {
    const made = new ClientWorld(17)
    let asked = 0
    const line = { delay: () => 1, fault: () => 'none' as const, isDown: () => false }
    const dial = tamperingDial(
      memoryDial(() => made.core, made.time, line),
      (frame) => {
        if (frame['id'] !== undefined && frame['seq'] !== undefined && frame['result'] !== 'hello') asked += 1
        return [frame]
      },
    )
    const ann = made.join('ann', false, { dial })
    onTestEnd(async () => await made.end())
    await made.calm()
    let last: number | undefined
    ann.client.query(transactions, ofTasks, {}, (docs) => (last = docs.length))
    await made.calm()
    const before = [asked, made.time.now()] as const
    for (let at = 0; at < 200; at++) {
      ann.send(createTask(`t${at}`, { title: 'x' }, by))
      await made.pass(20)
    }
    await made.calm()
    const seconds = (made.time.now() - before[1]) / 1000
    expect(last).toBe(200)
    expectFor(`${asked - before[0]} in ${seconds} s`, asked - before[0]).toBeGreaterThanOrEqual(2)
    expect(asked - before[0]).toBeLessThanOrEqual(seconds + 1)
  })
})
