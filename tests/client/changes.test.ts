import { describe, expect, test } from '@jest/globals'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { comment, createTask, updateTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { satisfying } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const task = 'board:class:Task' as Ref<Class>
const by = { by: 'account:ann' }

/** All results of a live query of all tasks, as `id:comments`. */
function watched({ client }: Member): string[][] {
  const shown: string[][] = []
  client.query(task, {}, {}, (docs) => {
    shown.push(
      (docs as unknown as (Doc & { comments?: number; title: string })[]).map(
        (doc) => `${doc._id}:${doc.title}:${doc.comments ?? 0}`,
      ),
    )
  })
  return shown
}

async function world() {
  const made = new ClientWorld(7)
  const ann = made.join('ann', true)
  onTestEnd(async () => await made.end())
  await made.calm()
  return { made, ann }
}

describe('changes of a client', () => {
  test('SDK-30: a change shows before the server has it, stays when it is confirmed, and disappears when it is refused', async () => {
    const { made, ann } = await world()
    const shown = watched(ann)
    await made.calm()
    ann.line.delay = () => 1000
    ann.send(createTask('t1', { title: 'a' }, by))
    ann.send(comment('t1', 'c1', by))
    ann.send(updateTask('t1', { title: 'b' }, by))
    expect(shown.at(-1)).toStrictEqual(['t1:b:1'])
    const before = shown.length
    await made.calm()
    // Confirmed one by one, and the result never shrinks.
    for (const each of shown.slice(before)) expect(each).toStrictEqual(['t1:b:1'])
    expect(ann.acknowledged).toHaveLength(3)
    ann.line.delay = () => 1000
    const refused = made.settled(ann.client.tx(updateTask('t1', { title: 5 }, by) as Tx))
    expect(shown.at(-1)).toStrictEqual(['t1:5:1'])
    await expect(refused).rejects.toThrow(satisfying((error: StatusError) => error instanceof StatusError))
    expect(shown.at(-1)).toStrictEqual(['t1:b:1'])
  })

  test('SDK-31: changes made without a connection show, survive the client, are sent in order, and conflicts are reported', async () => {
    const { made, ann } = await world()
    const bob = made.join('bob')
    await made.calm()
    ann.send(createTask('t1', { title: 'a' }, by))
    await made.calm()
    ann.client.stop()
    const conflicts: string[] = []
    ann.send(updateTask('t1', { title: 'offline' }, by))
    ann.send(createTask('t2', { title: 'offline too' }, by))
    ann.send(updateTask('gone', { title: 'x' }, by))
    ann.restart()
    ann.client.onConflict(({ tx, error }) =>
      conflicts.push(`${(tx as Tx & { objectId: string }).objectId} ${error.status.code}`),
    )
    const shown = watched(ann)
    await made.calm()
    expect(shown.at(-1)).toStrictEqual(['t1:offline:0', 't2:offline too:0'])
    expect(conflicts).toStrictEqual(['gone core:status:ObjectNotFound'])
    const seen = await made.settled(bob.client.findAll(task))
    expect(seen.map(({ _id }) => String(_id))).toStrictEqual(['t1', 't2'])
    expect(await ann.store.entries('change/')).toStrictEqual([])
  })

  test('SDK-35: a call that waits for a client which is terminated is rejected', async () => {
    const { made } = await world()
    made.isDown = true
    const late = made.join('bob')
    const waiting = expect(late.client.ready()).rejects.toThrow(/terminated/)
    await made.pass(1000)
    late.client.terminate()
    await waiting
    made.isDown = false
  })

  test('SDK-32: no log line contains a token', async () => {
    const { made, ann } = await world()
    made.tokenLife = 1
    for (let round = 0; round < 5; round++) {
      ann.line.fault = () => 'cut'
      ann.send(createTask(`t${round}`, { title: 'a' }, by))
      await made.pass(3000)
    }
    made.tokenLife = undefined
    await made.calm()
    expect(made.logged.length).toBeGreaterThan(5)
    for (const line of made.logged) expect(line).not.toMatch(/eyJ/)
  })
})
