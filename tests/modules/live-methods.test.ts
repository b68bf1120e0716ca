import { describe, expect, test } from '@jest/globals'
import { createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import type { Ref, Space } from '../../model/documents.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { runs } from '../support/scripted-module.ts'
import type { TestServer } from '../support/test-server.ts'
import { change } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { scriptedServer, vote } from './calling.ts'

const space = 'board:project:test' as Ref<Space>

function clientOf({ url, token }: TestServer, email = 'ann') {
  const client = createClient({ url, getToken: () => token(email), dial: dialNode })
  onTestEnd(() => client.terminate())
  return client
}

describe('live methods', () => {
  test('MOD-89: a live method runs again when a document that it has found, or would find, changes, and sends what differs', async () => {
    const made = await scriptedServer()
    const client = clientOf(made)
    let count = 0
    runs(async ({ findAll }) => {
      count += 1
      return (await findAll(board.class.Task, { status: 'done' })).map(({ title }) => title).toSorted()
    })
    const seen: unknown[] = []
    const stop = client.live('scripted.watch', [], (titles) => seen.push(titles))
    const last = async (titles: string[]) =>
      await waitUntil(() => JSON.stringify(seen.at(-1)) === JSON.stringify(titles), titles.join())
    await last([])
    const a = await client.createDoc(board.class.Task, space, { title: 'a', status: 'done' })
    await last(['a'])
    // It is not found before nor after.
    const b = await client.createDoc(board.class.Task, space, { title: 'b', status: 'todo' })
    expect(count).toBe(2)
    const place = { _class: board.class.Task, space }
    await client.updateDoc({ ...place, _id: b }, { status: 'done' })
    await last(['a', 'b'])
    await client.updateDoc({ ...place, _id: a }, { status: 'todo' })
    await last(['b'])
    // The result is the same.
    await client.updateDoc({ ...place, _id: b }, { rank: 'z' })
    await waitUntil(() => count === 5, 'a run without a difference')
    expect(seen).toStrictEqual([[], ['a'], ['a', 'b'], ['b']])
    expect(await client.call('scripted.watch')).toStrictEqual(['b'])
    stop()
    await client.removeDoc({ ...place, _id: b })
    expect(await client.call('ping')).toBe('pong!')
    expect(seen).toHaveLength(4)
    await waitUntil(() => made.server.inspect().waiting === 0, 'the end')
  })

  test('MOD-89: a live method follows what its caller may see', async () => {
    const made = await scriptedServer()
    const [ann, bob] = [clientOf(made), clientOf(made, 'bob')]
    const member = (members: string[]) => ({ members, private: true, name: 's', owners: ['account:ann'] })
    const project = { space: 'core:space:Space' }
    const both = { attributes: member(['account:ann', 'account:bob']) }
    await ann.tx(change('core:class:TxCreateDoc', 'secret', 'board:class:Project', project, both))
    await ann.createDoc(board.class.Task, 'secret' as Ref<Space>, { title: 'x', status: 'done' })
    const seen: unknown[] = []
    bob.live('board.progress', [{ project: 'secret' }], (progress) => seen.push(progress))
    await waitUntil(() => seen.length === 1, 'a result')
    const leave = { operations: { members: ['account:ann'] } }
    await ann.tx(change('core:class:TxUpdateDoc', 'secret', 'board:class:Project', project, leave))
    await waitUntil(() => seen.length === 2, 'another')
    expect(seen).toStrictEqual([
      { done: 1, all: 1 },
      { done: 0, all: 0 },
    ])
  })

  test('MOD-89: a live method is called again after a lost connection, commits nothing, and its failure ends it', async () => {
    const made = await scriptedServer()
    const proxy = await cuttingProxy(made.server.url)
    onTestEnd(() => proxy.close())
    const client = clientOf({ ...made, url: made.url.replace(/:\d+$/, `:${proxy.port}`) })
    let count = 0
    runs(() => (count += 1))
    const seen: unknown[] = []
    client.live('scripted.watch', [], (value) => seen.push(value))
    await waitUntil(() => seen.length === 1, 'a result')
    proxy.cut()
    await waitUntil(() => seen.length === 2, 'another')
    const errors: unknown[] = []
    runs(async (call) => await vote(call))
    client.live(
      'scripted.watch',
      [],
      () => undefined,
      (error) => errors.push(error),
    )
    await waitUntil(() => errors.length === 1, 'an error')
    expect(String(errors[0])).toContain('platform:status:Forbidden')
  })
})
