import { describe, expect, test } from '@jest/globals'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const FLOODING = 20
const REQUESTS = 300

/** Sends many transactions at once. Returns the number of responses so far, and the ids in the order of responses. */
function flood(client: RawClient, name: string): { responded: () => Frame[] } {
  for (let at = 0; at < REQUESTS; at++)
    client.send({ id: at, method: 'tx', params: [createTask(`${name}-${at}`, { title: 'flood' })] })
  return {
    responded: () => client.frames.filter(({ id }) => typeof id === 'number' && id >= 0 && id < REQUESTS),
  }
}

describe('a flood', () => {
  test('LIM-135: a flood of transactions delays its own workspace, and is answered completely and in order', async () => {
    const { url, token } = await testServer()
    const calm = await RawClient.open(url, token('ann', 'calm'))
    const clients = await Promise.all(
      Array.from({ length: FLOODING }, () => RawClient.open(url, token('ann', 'busy'), { broadcast: false })),
    )
    const floods = clients.map((client, at) => flood(client, `f${at}`))
    const count = () => floods.reduce((sum, { responded }) => sum + responded().length, 0)
    for (let at = 0; at < 10; at++) await calm.request('tx', [createTask(`calm-${at}`, { title: 'calm' })])
    expect(count()).toBeLessThan((FLOODING * REQUESTS) / 2)
    for (const client of clients) await client.wait(({ id }) => id === REQUESTS - 1, 60_000)
    for (const { responded } of floods) {
      expect(responded().map(({ id }) => id)).toStrictEqual(Array.from({ length: REQUESTS }, (_, at) => at))
      expect(responded().every(({ error }) => error === undefined)).toBe(true)
    }
  })

  test('LIM-137: sessions that resume together get all that they missed, once and in order, while work goes on', async () => {
    const { url, token } = await testServer()
    const writer = await RawClient.open(url, token('ann'))
    const first = await RawClient.open(url, token('ann'), { protocol: 2 })
    const { epoch, seq } = first.frames.find(({ id }) => id === -1) as Frame & { epoch: string; seq: number }
    await first.close()
    const write = async (name: string, count: number) =>
      await Promise.all(
        Array.from({ length: count }, (_, at) =>
          writer.request('tx', [createTask(`${name}${at}`, { title: 'x' })]),
        ),
      )
    await write('missed', 1200)
    const resuming = Array.from({ length: 20 }, () =>
      RawClient.open(url, token('ann'), { protocol: 2, resume: { epoch, seq } }),
    )
    const [clients] = await Promise.all([Promise.all(resuming), write('meanwhile', 300)])
    await writer.request('tx', [createTask('last', { title: 'x' })])
    for (const client of clients) {
      await client.waitForPush((tx) => tx['objectId'] === 'last')
      // What was pushed before the hello is sent again.
      const after = client.frames.slice(client.frames.findIndex(({ id }) => id === -1) + 1)
      const pushes = after.filter(({ id }) => id === undefined)
      const seen = pushes
        .flatMap(({ result }) => [result].flat() as { objectId: string }[])
        .map(({ objectId }) => objectId)
        .filter((id) => /^(missed|meanwhile|last)/.test(id))
      expect(seen).toHaveLength(1501)
      expect(new Set(seen).size).toBe(1501)
      let at = seq
      for (const push of pushes.filter((each) => each['seq'] !== undefined)) {
        expect(push['after']).toBe(at)
        at = push['seq'] as number
      }
    }
  })
})
