import { describe, expect, test } from '@jest/globals'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, comment, createTask, removeTask, updateTask } from '../support/transactions.ts'
import { largest } from '../../model/largest.ts'
import { testSeed } from '../support/property-parameters.ts'

interface Numbered {
  _id: string
  _class: string
}

/** Pushed transactions of the log; events are not in the log. */
function logged(client: RawClient): Numbered[] {
  return client.pushes
    .filter(
      (tx) => tx['_class'] !== 'core:class:TxWorkspaceEvent' && tx['objectClass'] !== 'core:class:UserStatus',
    )
    .map((tx) => ({ _id: String(tx['_id']), _class: String(tx['_class']) }))
}

const helloOf = ({ frames }: RawClient): Frame => frames.find(({ result }) => result === 'hello') ?? {}

function lastSeq(client: RawClient): number {
  return largest(client.frames.map(({ seq }) => Number(seq ?? 0)))
}

async function resumed(
  url: string,
  token: string,
  place: { epoch: unknown; seq: number },
): Promise<{ client: RawClient; hello: Frame }> {
  const client = await RawClient.open(url, token, { protocol: 2, resume: place })
  return { client, hello: helloOf(client) }
}

describe('resume', () => {
  test.each(['memory', 'embedded'])(
    'WIRE-95: a client that resumes is sent exactly what the connected clients were pushed, in order (%s)',
    async (storage) => {
      const { url, token } = await testServer({ storage })
      const stays = await RawClient.open(url, token('bob'), { protocol: 2 })
      const leaves = await RawClient.open(url, token('bob'), { protocol: 2 })
      const ann = await RawClient.open(url, token('ann'))
      await ann.request('tx', [createTask('t0', { title: 'x' })])
      await leaves.waitForPush(({ objectId }) => objectId === 't0')
      await stays.waitForPush(({ objectId }) => objectId === 't0')
      const place = { epoch: helloOf(leaves)['epoch'], seq: lastSeq(leaves) }
      const before = logged(stays).length
      await leaves.close()
      const seed = testSeed()
      await randomWork(ann, seed, 700)
      const { client, hello } = await resumed(url, token('bob'), place)
      expect(hello['resumed']).toBe(true)
      await ann.request('tx', [createTask('last', { title: 'x' })])
      for (const each of [client, stays]) await each.waitForPush(({ objectId }) => objectId === 'last')
      expect(logged(client)).toStrictEqual(logged(stays).slice(before))
      expect(lastSeq(client)).toBe(lastSeq(stays))
      expect(logged(client).length).toBeGreaterThan(600)
      const missed = client.frames.filter((frame) => Array.isArray(frame['seqs']))
      const places = missed.flatMap((frame) => frame['seqs'] as number[])
      expect(places).toStrictEqual(places.toSorted((a, b) => a - b))
      expect(places).toHaveLength(missed.flatMap(({ result }) => result).length)
    },
  )

  async function randomWork(ann: RawClient, seed: number, count: number): Promise<void> {
    let state = seed
    const next = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
    const waiting: Promise<unknown>[] = []
    for (let at = 0; at < count; at++) {
      const id = `r${next(30)}`
      const kinds = [
        () => createTask(`r${at}`, { title: `t${at}` }),
        () => updateTask('t0', { priority: 'high', $inc: { votes: 1 } }),
        () => comment('t0', `c${at}`),
        () => removeTask(id),
      ]
      const tx = kinds[next(kinds.length)]?.()
      waiting.push(ann.request('tx', [tx]).catch(() => undefined))
      if (waiting.length > 20) await Promise.all(waiting.splice(0))
    }
    await Promise.all(waiting)
  }

  test('WIRE-96: a resume is rejected after too large a gap, from another log, or from beyond the end', async () => {
    const { url, token } = await testServer({ maxResume: '20' })
    const ann = await RawClient.open(url, token('ann'), { protocol: 2 })
    const { epoch } = helloOf(ann)
    for (let at = 0; at < 30; at++) await ann.request('tx', [createTask(`t${at}`, { title: 'x' })])
    await ann.waitForPush(({ objectId }) => objectId === 't29')
    const seq = lastSeq(ann)
    const places = [
      { epoch, seq: seq - 25 },
      { epoch: 'another', seq },
      { epoch, seq: seq + 100 },
    ]
    for (const place of places) {
      const { client, hello } = await resumed(url, token('ann'), place)
      expect(hello['resumed']).toBe(false)
      expect(Number(hello['seq'])).toBeGreaterThanOrEqual(seq)
      await client.request('ping')
      expect(logged(client)).toStrictEqual([])
      await client.close()
    }
    const { client, hello } = await resumed(url, token('ann'), { epoch, seq: seq - 5 })
    expect(hello['resumed']).toBe(true)
    await client.waitForPush(({ objectId }) => objectId === 't29')
    expect(logged(client).length).toBeGreaterThanOrEqual(1)
  })

  test('WIRE-96: a resume is rejected when the member gained or lost a space while disconnected', async () => {
    const { url, token } = await testServer()
    const admin = await RawClient.open(url, token('ann', 'w1', { admin: 'true' }))
    const bob = await RawClient.open(url, token('bob'), { protocol: 2 })
    const space = (members: string[]) => ({
      name: 's',
      description: '',
      private: true,
      members,
      archived: false,
    })
    const place = async () => {
      await bob.request('ping')
      return { epoch: helloOf(bob)['epoch'], seq: Math.max(lastSeq(bob), Number(helloOf(bob)['seq'])) }
    }
    const early = await place()
    const options = { space: 'core:space:Space' }
    const made = change('core:class:TxCreateDoc', 's1', 'core:class:Space', options, {
      attributes: space(['account:bob']),
    })
    await admin.request('tx', [made])
    expect((await resumed(url, token('bob'), early)).hello['resumed']).toBe(false)
  })
})
