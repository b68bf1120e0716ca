import { describe, expect, test } from '@jest/globals'
import { randomInt } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { WebSocket } from 'ws'
import { once } from 'node:events'
import type { Doc } from '../../model/documents.ts'
import { connect } from '../../client/node.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'

const task = 'board:class:Task'
const helloOf = ({ frames }: RawClient) => frames.find(({ result }) => result === 'hello') ?? {}
const isIncrement = (tx: object) => '$inc' in ((tx as { operations?: object }).operations ?? {})

describe('protocol 2', () => {
  test('WIRE-90: hello sends a client of protocol 2 its position, its account and the versions, and other clients none of these', async () => {
    const { url, token } = await testServer()
    const old = await RawClient.open(url, token('ann'))
    const hello = helloOf(old)
    expect(Object.keys(hello).toSorted()).toStrictEqual(['binary', 'id', 'reconnect', 'result'])
    const ann = await RawClient.open(url, token('ann'), { protocol: 2 })
    const { epoch, seq, ...rest } = helloOf(ann)
    expect(String(epoch)).toMatch(/^\w+$/)
    expect(Number(seq)).toBeGreaterThanOrEqual(1)
    expect(rest['protocol']).toBe(2)
    expect(rest['account']).toBe('account:ann')
    expect(String(rest['serverVersion'])).toMatch(/^\d+\.\d+/)
    expect(rest['modelVersion']).toBe('0.1.0')
    expect(rest['features'] as string[]).toContain('resume')
  })

  test('WIRE-98: hello sends a client of protocol 2 the maximum size of a message', async () => {
    const { url, token } = await testServer({ maxPayload: '70000' })
    const ann = await RawClient.open(url, token('ann'), { protocol: 2 })
    expect(helloOf(ann)['maxPayload']).toBe(70_000)
  })

  test('WIRE-91: requests are accepted in binary frames too', async () => {
    const { url, token } = await testServer()
    const ann = await connect({ url, token: token('ann'), protocol: 2, binary: true })
    await ann.tx(createTask('t1', { title: 'x', dueDate: 5 }) as never)
    const [found] = await ann.findAll(task as never, { _id: 't1' } as never)
    expect((found as unknown as { dueDate: number }).dueDate).toBe(5)
    ann.close()
  })

  for (const binary of [false, true]) {
    test(`WIRE-92: responses over 4 KB are compressed for clients that asked for it, ${binary ? 'in msgpack' : 'as text'}, and shorter ones are not`, async () => {
      const { url, token } = await testServer()
      const writer = await RawClient.open(url, token('ann'))
      for (let at = 0; at < 60; at++)
        await writer.request('tx', [createTask(`t${at}`, { title: 'word '.repeat(20) })])
      const socket = new WebSocket(`${url}/${token('ann')}`)
      await once(socket, 'open')
      const ask = async (frame: object) => {
        socket.send(JSON.stringify(frame))
        const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
        return { data, isBinary }
      }
      await ask({
        id: -1,
        method: 'hello',
        params: [],
        protocol: 2,
        compression: true,
        binary,
        broadcast: false,
      })
      const long = await ask({ id: 1, method: 'findAll', params: [task, {}] })
      expect(long.isBinary).toBe(true)
      expect(long.data[0]).toBe(binary ? 1 : 2)
      const whole = inflateRawSync(long.data.subarray(1))
      expect(whole.length).toBeGreaterThan(4096)
      expect(long.data.length).toBeLessThan(whole.length / 2)
      if (!binary)
        expect((JSON.parse(whole.toString()) as { result: { value: Doc[] } }).result.value).toHaveLength(60)
      const short = await ask({ id: 2, method: 'findAll', params: [task, {}, { limit: 2 }] })
      expect(short.isBinary === binary && Number(short.data[0]) > 2).toBe(true)
      socket.close()
      const client = await connect({ url, token: token('ann'), protocol: 2, compression: true, binary })
      expect((await client.findAll(task as never)).length).toBe(60)
      client.close()
    })
  }

  test('WIRE-93: a push to a client of protocol 2 carries the position that it leads to', async () => {
    const { url, token } = await testServer()
    const old = await RawClient.open(url, token('bob'))
    const ann = await RawClient.open(url, token('ann'), { protocol: 2 })
    const start = Number(helloOf(ann)['seq'])
    const isTask = (frame: { id?: unknown; result?: unknown }, id: string) =>
      frame.id === undefined &&
      [frame.result].flat().some((tx) => (tx as { objectId?: string }).objectId === id)
    await ann.request('tx', [createTask('t1', { title: 'x' })])
    await ann.request('tx', [createTask('t2', { title: 'x' })])
    const first = await ann.wait((frame) => isTask(frame, 't1'))
    const second = await ann.wait((frame) => isTask(frame, 't2'))
    expectFor(JSON.stringify(first), Number(first['seq'])).toBeGreaterThan(start)
    expect(Number(second['seq'])).toBeGreaterThan(Number(first['seq']))
    expect('seq' in (await old.wait((frame) => isTask(frame, 't2')))).toBe(false)
  })

  test.each(['memory', 'embedded'])(
    'WIRE-94: query returns the position of its result, while others commit (%s)',
    async (storage) => {
      const { url, token } = await testServer({ storage })
      const reader = await connect({ url, token: token('ann'), protocol: 2 })
      const writers = await Promise.all(
        [1, 2, 3, 4].map(async () => await connect({ url, token: token('ann') })),
      )
      for (let at = 0; at < 8; at++) await reader.tx(createTask(`t${at}`, { title: 'x', votes: 0 }) as never)
      const increments: { seq: number; count: number }[] = []
      reader.onPush((txes, seq = NaN) => increments.push({ seq, count: txes.filter(isIncrement).length }))
      const work = { goesOn: true }
      const busy = writers.map(async (writer) => {
        while (work.goesOn) await writer.tx(updateTask(`t${randomInt(8)}`, { $inc: { votes: 1 } }) as never)
      })
      const answers: { seq: number; sum: number }[] = []
      for (let asked = 0; asked < 150; asked++) {
        const options = asked % 2 === 0 ? { limit: 8 } : {}
        const { result, seq = 0 } = await reader.exchange('query', [task, {}, options])
        const sum = (result as { votes: number }[]).reduce((total, { votes }) => total + votes, 0)
        answers.push({ seq, sum })
      }
      work.goesOn = false
      await Promise.all(busy)
      await reader.request('ping')
      for (const { seq, sum } of answers) {
        const taken = increments.filter((push) => push.seq <= seq)
        expect(sum).toBe(taken.reduce((total, { count }) => total + count, 0))
      }
      const sums = new Set(answers.map(({ sum }) => sum))
      expect(sums.size).toBeGreaterThan(10)
      for (const client of [reader, ...writers]) client.close()
    },
  )

  test('WIRE-94: query is unknown to clients of protocol 1', async () => {
    const { url, token } = await testServer()
    const old = await RawClient.open(url, token('ann'))
    const answer = await old.ask('query', [task, {}])
    expect(answer.error?.code).toBe('platform:status:UnknownMethod')
  })
})
