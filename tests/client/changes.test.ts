import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { comment, createTask, updateTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'

const task = 'board:class:Task' as Ref<Class>
const by = { by: 'account:ann' }

/** Everything a live query of all tasks has shown, as `id:comments`. */
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

async function world(t: { after: (end: () => Promise<void>) => void }) {
  const made = new ClientWorld(7)
  const ann = made.join('ann', true)
  t.after(async () => await made.end())
  await made.calm()
  return { made, ann }
}

test('SDK-30: a change shows before the server has it, stays as it is confirmed, and goes when it is refused', async (t) => {
  const { made, ann } = await world(t)
  const shown = watched(ann)
  await made.calm()
  ann.line.delay = () => 1000
  ann.send(createTask('t1', { title: 'a' }, by))
  ann.send(comment('t1', 'c1', by))
  ann.send(updateTask('t1', { title: 'b' }, by))
  assert.deepEqual(shown.at(-1), ['t1:b:1'])
  const before = shown.length
  await made.calm()
  // Confirmed one by one, never less than what was shown.
  for (const each of shown.slice(before)) assert.deepEqual(each, ['t1:b:1'])
  assert.equal(ann.acknowledged.length, 3)
  ann.line.delay = () => 1000
  const refused = made.settled(ann.client.tx(updateTask('t1', { title: 5 }, by) as Tx))
  assert.deepEqual(shown.at(-1), ['t1:5:1'])
  await assert.rejects(refused, (error: StatusError) => error instanceof StatusError)
  assert.deepEqual(shown.at(-1), ['t1:b:1'])
})

test('SDK-31: changes made without a connection show, outlive the client, are sent in order, and conflicts are told', async (t) => {
  const { made, ann } = await world(t)
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
  assert.deepEqual(shown.at(-1), ['t1:offline:0', 't2:offline too:0'])
  assert.deepEqual(conflicts, ['gone core:status:ObjectNotFound'])
  const seen = await made.settled(bob.client.findAll(task))
  assert.deepEqual(
    seen.map(({ _id }) => String(_id)),
    ['t1', 't2'],
  )
  assert.deepEqual(await ann.store.entries('change/'), [])
})

test('SDK-35: who waits for a client that is terminated is told', async (t) => {
  const { made } = await world(t)
  made.isDown = true
  const late = made.join('bob')
  const waiting = assert.rejects(late.client.ready(), /terminated/)
  await made.pass(1000)
  late.client.terminate()
  await waiting
  made.isDown = false
})

test('SDK-32: nothing that is logged holds a token', async (t) => {
  const { made, ann } = await world(t)
  made.tokenLife = 1
  for (let round = 0; round < 5; round++) {
    ann.line.fault = () => 'cut'
    ann.send(createTask(`t${round}`, { title: 'a' }, by))
    await made.pass(3000)
  }
  made.tokenLife = undefined
  await made.calm()
  assert.ok(made.logged.length > 5)
  for (const line of made.logged) assert.doesNotMatch(line, /eyJ/)
})
