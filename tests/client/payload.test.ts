import { expect, test } from '@jest/globals'
import type { Account, Class, Doc, Ref, Space } from '../../model/documents.ts'
import type { FindResult } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type { Client } from '../../client/client.ts'
import type { ClientOptions } from '../../client/client-options.ts'
import type { Conflict } from '../../client/optimistic/changes.ts'
import { createNodeClient } from '../../client/node.ts'
import { MemoryStore } from '../../client/store/client-store.ts'
import { board } from '../../examples/board/model.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { wsProxy } from '../support/ws-proxy.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>
const LIMIT = 100_000
const account = 'account:ann' as Ref<Account>

function clientOf(options: ClientOptions): Client {
  const client = createNodeClient(options)
  onTestEnd(() => client.terminate())
  return client
}

const create = (client: Client, title: string, description = '') =>
  client.createDoc(board.class.Task, space, { title, description })

const titlesOf = (found: FindResult | undefined) =>
  (found as unknown as (Doc & { title: string })[]).map(({ title }) => title)

function isTooLarge(error: unknown): boolean {
  return error instanceof StatusError && error.status.code === 'platform:status:TooLarge'
}

for (const binary of [true, false]) {
  test(`SDK-13: a stored change that is too large is refused alone, ${binary ? 'in msgpack' : 'as text'}, and everything else continues`, async () => {
    const { url, token } = await testServer({ maxPayload: String(LIMIT) })
    const store = new MemoryStore()
    const getToken = () => token('ann')
    const offline = createNodeClient({ url: 'ws://127.0.0.1:1', getToken, store, account, binary })
    // Two bytes each: fewer characters than the limit.
    const large = 'é'.repeat(LIMIT * 0.6)
    for (const [title, description] of [['a'], ['large', large], ['b']] as const)
      create(offline, title, description).catch(() => undefined)
    await waitUntil(async () => (await store.entries('change/')).length === 3, 'three kept changes')
    offline.terminate()

    const client = clientOf({ url, getToken, store, binary })
    const conflicts: Conflict[] = []
    client.onConflict((conflict) => conflicts.push(conflict))
    await waitUntil(async () => (await store.entries('change/')).length === 0, 'nothing unsent')
    expect(titlesOf(await client.findAll(task, {}, { sort: { title: 1 } }))).toStrictEqual(['a', 'b'])
    expect(
      conflicts.map(({ tx, error: { status } }) => [
        (tx as unknown as { attributes: { title: string } }).attributes.title,
        status.code,
        status.params['limit'],
        Number(status.params['size']) > LIMIT,
      ]),
    ).toStrictEqual([['large', 'platform:status:TooLarge', LIMIT, true]])
    expect(client.connectionState().connectionCount).toBe(1)
  })

  test(`SDK-13: a find that is too large is refused before it is sent, ${binary ? 'in msgpack' : 'as text'}, and so is a live query`, async () => {
    const { url, token } = await testServer({ maxPayload: String(LIMIT) })
    const client = clientOf({ url, getToken: () => token('ann'), binary })
    await client.ready()
    const ids = Array.from({ length: 5000 }, (_, at) => `${at}`.padStart(24, '0') as Ref)
    const failures: unknown[] = []
    client.query(
      task,
      { _id: { $in: ids } },
      {},
      () => undefined,
      (error) => failures.push(error),
    )
    const [large, small] = [client.findAll(task, { _id: { $in: ids } }), client.findAll(task)]
    await expect(large).rejects.toThrow(satisfying(isTooLarge))
    expect([...(await small)]).toStrictEqual([])
    await expect(create(client, 'x', 'word '.repeat(LIMIT))).rejects.toThrow(satisfying(isTooLarge))
    await create(client, 'y')
    expectFor(String(failures), failures.length === 1 && isTooLarge(failures[0])).toBe(true)
    expect(client.connectionState().connectionCount).toBe(1)
  })

  test(`SDK-13: after 1009 in the middle of a batch the client reconnects without the message that was too large, ${binary ? 'in msgpack' : 'as text'}`, async () => {
    const { url, token } = await testServer()
    const proxy = await wsProxy(url, { maxPayload: LIMIT })
    const client = clientOf({ url: proxy.url, getToken: () => token('ann'), binary })
    await client.ready()
    const shown: string[][] = []
    client.query(task, {}, { sort: { title: 1 } }, (found) => shown.push(titlesOf(found)))
    const fits = 'word '.repeat(LIMIT / 10)
    const batch = [
      create(client, 'a'),
      create(client, 'b', fits),
      create(client, 'large', fits.repeat(3)),
      create(client, 'c', fits),
      client.findAll(task, { title: 'none' }),
    ]
    const outcomes = await Promise.allSettled(batch)
    expect(outcomes.map(({ status }) => status)).toStrictEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect(outcomes[2]?.status === 'rejected' && isTooLarge(outcomes[2].reason)).toBe(true)
    await waitUntil(() => JSON.stringify(shown.at(-1)) === '["a","b","c"]', 'what is there')
    const { connectionCount, lastClose } = client.connectionState()
    expect([connectionCount, lastClose?.code]).toStrictEqual([2, 1009])
  })
}
