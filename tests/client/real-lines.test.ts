import { expect, test } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { FindResult } from '../../model/query/query.ts'
import type { Tx } from '../../model/transactions.ts'
import { type Client, createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import { testServer } from '../support/test-server.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { queryCases } from './client-world.ts'
import { expectFor } from '../support/expecting.ts'
import { testSeed } from '../support/property-parameters.ts'

const STEPS = 60

interface Looking {
  at: number
  result: FindResult | undefined
}

function lookAt(client: Client): Looking[] {
  return [...queryCases.keys()].map((at) => {
    const looking: Looking = { at, result: undefined }
    const { _class, query, options } = queryCases[at] as (typeof queryCases)[number]
    client.query(_class, query, options, (result) => (looking.result = result))
    return looking
  })
}

/** Differences from the results of the server. */
async function differences(client: Client, lookings: readonly Looking[]): Promise<string[]> {
  const found: string[] = []
  for (const { at, result } of lookings) {
    const { _class, query, options } = queryCases[at] as (typeof queryCases)[number]
    const fresh = await client.findAll(_class, query, options)
    if (!isDeepStrictEqual(plain(result), plain(fresh)))
      found.push(
        `${JSON.stringify(queryCases[at])}: ${JSON.stringify(plain(result))}, not ${JSON.stringify(plain(fresh))}`,
      )
  }
  return found
}

function plain(result: FindResult | undefined): unknown {
  return result === undefined ? undefined : [result.total, JSON.parse(JSON.stringify([...result]))]
}

test('SDK-23: behind a proxy that cuts, stalls and throttles, clients reach the state of a real server, and no acknowledged change is lost or doubled', async () => {
  const seed = testSeed()
  const { url, token, server } = await testServer({ storage: 'embedded' })
  const proxy = await cuttingProxy(server.url)
  const through = url.replace(/:\d+$/, `:${proxy.port}`)
  const clients = ['ann', 'bob', 'ann'].map((email, at) =>
    createClient({
      url: through,
      getToken: () => token(email),
      dial: dialNode,
      binary: at !== 1,
      inactivity: 2000,
      dialTimeout: 1500,
    }),
  )
  const counts = new Map<string, number>()
  const acknowledged: Promise<unknown>[] = []
  try {
    await Promise.all(clients.map(async (client) => await client.ready()))
    const lookings = clients.map(lookAt)
    for (let at = 0; at < 8; at++) await clients[0]?.tx(createTask(`t${at}`, { title: 'x', votes: 0 }) as Tx)
    for (let step = 0; step < STEPS; step++) {
      disturb(proxy, (seed + step * 7919) % 11)
      const [client, id] = [clients[step % 3], `t${(seed + step) % 8}`]
      const by = step % 3 === 1 ? 'account:bob' : 'account:ann'
      const tx = updateTask(id, { $inc: { votes: 1 }, rank: `r${step % 5}` }, { by }) as Tx
      acknowledged.push(client?.tx(tx) as Promise<unknown>)
      counts.set(id, (counts.get(id) ?? 0) + 1)
      await wait(15)
    }
    disturb(proxy, 0)
    await Promise.all(acknowledged)
    const found = await clients[0]?.findAll(queryCases[0]?._class as never)
    for (const { _id, votes } of (found ?? []) as unknown as { _id: string; votes: number }[])
      expectFor(_id, votes).toBe(counts.get(_id) ?? 0)
    for (const [at, client] of clients.entries())
      await waitUntil(
        async () => (await differences(client, lookings[at] ?? [])).length === 0,
        'live queries that show what is there',
      ).catch(async () => expect(await differences(client, lookings[at] ?? [])).toStrictEqual([]))
    const connections = clients.reduce((sum, client) => sum + client.connectionState().connectionCount, 0)
    // No connection was cut.
    expect(connections).toBeGreaterThan(clients.length)
  } finally {
    for (const client of clients) client.terminate()
    await proxy.close()
  }
})

function disturb(proxy: Awaited<ReturnType<typeof cuttingProxy>>, chance: number): void {
  proxy.resume()
  proxy.throttle(chance === 3 ? 50 : undefined)
  if (chance === 1) proxy.cut()
  if (chance === 2) proxy.cutAfterNextRequest(chance)
  if (chance === 4) proxy.stall('answers')
  if (chance === 5) proxy.stall('all')
}
