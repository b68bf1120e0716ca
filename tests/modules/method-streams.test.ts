import { describe, expect, test } from '@jest/globals'
import { setImmediate as tick } from 'node:timers/promises'
import { type Client, createClient } from '../../client/client.ts'
import type { ClientOptions } from '../../client/client-options.ts'
import { dialNode } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import type { Ref, Space } from '../../model/documents.ts'
import type { MethodCall } from '../../pipeline/modules/method-call.ts'
import { cuttingProxy } from '../services/cutting-proxy.ts'
import { expectFor } from '../support/expecting.ts'
import { gate } from '../support/gate.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient } from '../support/raw-client.ts'
import { runs } from '../support/scripted-module.ts'
import type { TestServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { respond, scriptedServer, session2, vote, votesOf } from './calling.ts'

function clientOf({ url, token }: TestServer, more: Partial<ClientOptions> = {}): Client {
  const client = createClient({ url, getToken: () => token('ann'), dial: dialNode, ...more })
  onTestEnd(() => client.terminate())
  return client
}

/** Counts without end. Tells how far it came, and how it ended. */
function counting() {
  const seen = { made: 0, end: undefined as unknown }
  const script = async function* ({ signal }: MethodCall) {
    try {
      for (;;) {
        seen.made += 1
        yield { at: seen.made, text: 'x'.repeat(20) }
        await tick()
      }
    } finally {
      seen.end = signal.aborted ? signal.reason : 'returned'
    }
  }
  return { script, seen }
}

async function collect<T>(values: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) {
    found.push(value)
    if (found.length === most) break
  }
  return found
}

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => 'no error',
    (error: { status?: { code: string }; code?: string }) => error.status?.code ?? error.code,
  )

describe('methods that stream', () => {
  test('MOD-90: the values of a stream arrive in order as they come, in each encoding', async () => {
    const made = await scriptedServer()
    const between = gate()
    for (const binary of [true, false]) {
      const client = clientOf(made, { binary })
      const long = 'y'.repeat(10_000)
      runs(async function* (call: MethodCall, ...params) {
        yield* params
        await vote(call)
        yield { long, none: undefined }
        await between.pass()
        yield null
      })
      const values = client.stream('scripted.run', [1, 'two', [3]])
      const first = [await values.next(), await values.next(), await values.next(), await values.next()]
      expect(first.map(({ value }) => value as unknown)).toStrictEqual([1, 'two', [3], { long }])
      await between.reached
      between.open()
      expect([await values.next(), await values.next(), await values.next()]).toStrictEqual([
        { done: false, value: null },
        { done: true, value: undefined },
        { done: true, value: undefined },
      ])
    }
    runs(async function* () {})
    expect(await collect(clientOf(made).stream('scripted.run'))).toStrictEqual([])
  })

  test('MOD-90: the board exports its tasks as a stream', async () => {
    const made = await scriptedServer()
    const client = clientOf(made)
    const project = 'board:project:test'
    const titles = Array.from({ length: 1200 }, (_, at) => `t${at}`)
    await Promise.all(
      titles.map((title) => client.createDoc(board.class.Task, project as Ref<Space>, { title })),
    )
    const values = await collect(client.stream<{ title: string }>('board.exportTasks', [{ project }]))
    expect(values.map(({ title }) => title).toSorted()).toStrictEqual([...titles, 'x'].toSorted())
  })

  test('MOD-91: a method is asked for no more values than its client takes', async () => {
    const made = await scriptedServer()
    const client = clientOf(made)
    const { script, seen } = counting()
    runs(script)
    const values = client.stream<{ at: number }>('scripted.run')
    const taken = [await values.next()]
    const window = 64
    await waitUntil(() => seen.made > window, 'a full window')
    // The loop takes nothing, and the method waits.
    for (let waited = 0; waited < 100; waited++) await tick()
    expect(await client.call('ping')).toBe('pong!')
    expect(seen.made).toBe(window + 1)
    while (taken.length < 1000) taken.push(await values.next())
    expect(taken.map(({ value }) => (value as { at: number }).at)).toStrictEqual(taken.map((_, at) => at + 1))
    expect(seen.made).toBeLessThanOrEqual(1001 + window)
    await values.return?.()
    await waitUntil(() => seen.end !== undefined, 'the end of the method')
  })

  test('MOD-91: a client that does not read its socket holds up its own stream only', async () => {
    const made = await scriptedServer()
    const { client } = await session2(made)
    let count = 0
    runs(async function* () {
      for (; count < 1024; count++) yield 'x'.repeat(100_000)
    })
    client.socket.pause()
    client.send({ id: 1, method: 'scripted.run', params: [], stream: 1024 })
    await waitUntil(() => count > 0, 'a value')
    const other = await session2(made, 'bob')
    for (let at = 0; at < 20; at++) expect(await votesOf(other.client)).toBe(0)
    expect(count).toBeLessThan(1024)
    client.socket.resume()
    await client.wait(({ id, more }) => id === 1 && more === false)
    expect(client.frames.filter(({ id, more }) => id === 1 && more === true)).toHaveLength(1024)
  })

  test('MOD-92: leaving the loop, and aborting the signal, end the method on the server', async () => {
    const made = await scriptedServer()
    const client = clientOf(made)
    const { script, seen } = counting()
    runs(script)
    expect(await collect(client.stream('scripted.run'), 3)).toHaveLength(3)
    await waitUntil(() => seen.end !== undefined, 'the end of the method')
    expect(String(seen.end)).toContain('platform:status:Cancelled')
    // An iterator that waits for something which never comes.
    const state = { reason: undefined as unknown, returned: false }
    const waits = gate()
    runs(({ signal }: MethodCall) => {
      signal.addEventListener('abort', () => (state.reason = signal.reason))
      return {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            void waits.pass()
            return await new Promise(() => undefined)
          },
          return: () => Promise.resolve({ done: (state.returned = true), value: undefined }),
        }),
      }
    })
    const controller = new AbortController()
    const waiting = collect(client.stream('scripted.run', [], { signal: controller.signal }))
    await waits.reached
    controller.abort(new Error('enough'))
    expect(await codeOf(waiting)).toBe('uncertain')
    await waitUntil(() => state.returned, 'the end of the iterator')
    expect(String(state.reason)).toContain('platform:status:Cancelled')
  })

  test('MOD-93: a stream is refused by name for clients of protocol 1 and for ordinary calls, and a result for calls of a stream', async () => {
    const made = await scriptedServer()
    let count = 0
    const streaming = async function* () {
      yield (count += 1)
    }
    const message = 'scripted.run streams: protocol 2 has calls for that'
    const old = await RawClient.open(made.url, made.token('ann'))
    const { client } = await session2(made)
    runs(streaming)
    for (const [at, frame] of [{}, { stream: 8 }].entries()) {
      const { error } = await respond(old, { id: at, ...frame })
      expect([error?.code, error?.params['message']]).toStrictEqual(['platform:status:BadRequest', message])
    }
    expect((await respond(client, { id: 1, key: 'k' })).error?.params['message']).toBe(message)
    expect(count).toBe(0)
    runs(() => 5)
    expect((await respond(client, { id: 2, stream: 8 })).error?.params['message']).toBe(
      'scripted.run does not stream',
    )
    for (const [at, stream] of [0, -1, 1.5, 1025, 'x'].entries())
      expect((await respond(client, { id: 3 + at, stream })).error?.code).toBe('platform:status:BadRequest')
    const sdk = clientOf(made)
    expect(await codeOf(collect(sdk.stream('scripted.run')))).toBe('platform:status:BadRequest')
    expect(await codeOf(collect(sdk.stream('ping')))).toBe('platform:status:UnknownMethod')
  })

  test('MOD-94: a stream ends with the error of its method, and with a value that JSON cannot represent', async () => {
    const made = await scriptedServer()
    const client = clientOf(made)
    const seen: unknown[] = []
    const failing = async (value: () => unknown) => {
      runs(async function* () {
        yield 'first'
        yield value()
        yield 'last'
      })
      return await codeOf(
        (async () => {
          for await (const each of client.stream('scripted.run')) seen.push(each)
        })(),
      )
    }
    expect(await failing(() => ({ list: [undefined] }))).toBe('platform:status:InvalidResult')
    expect(made.log.lines.at(-1)).toMatchObject({ fields: { method: 'scripted.run', field: 'list.0' } })
    const fault = () => {
      throw new Error('a fault')
    }
    expect(await failing(fault)).toBe('platform:status:InternalServerError')
    expect(seen).toStrictEqual(['first', 'first'])
    expect(await failing(() => 'x'.repeat(9_000_000))).toBe('platform:status:TooLarge')
  })

  test('MOD-95: a stream whose connection is lost is uncertain, is not called again, and ends on the server', async () => {
    const made = await scriptedServer()
    const proxy = await cuttingProxy(made.server.url)
    onTestEnd(() => proxy.close())
    const client = clientOf(made, { url: made.url.replace(/:\d+$/, `:${proxy.port}`) })
    const { script, seen } = counting()
    let count = 0
    runs((call) => {
      count += 1
      return script(call)
    })
    const values = client.stream('scripted.run')
    await values.next()
    proxy.cut()
    expect(await codeOf(collect({ [Symbol.asyncIterator]: () => values }))).toBe('uncertain')
    await waitUntil(() => seen.end !== undefined, 'the end of the method')
    expect(await client.call('ping')).toBe('pong!')
    expect(count).toBe(1)
  })

  test('MOD-96: a session has a limited number of streams, which delay neither calls nor the end of the server', async () => {
    const made = await scriptedServer({ concurrentStreams: '2', concurrentMethods: '1', stopTimeout: '60' })
    const client = clientOf(made)
    const { script, seen } = counting()
    runs(script)
    const streams = [client.stream('scripted.run'), client.stream('scripted.run')]
    for (const stream of streams) await stream.next()
    expect(await codeOf(collect(client.stream('scripted.run')))).toBe('platform:status:LimitReached')
    runs(() => 'called')
    expect(await client.call('scripted.run')).toBe('called')
    client.pause()
    await made.server.stop()
    expect(seen.end).toBeDefined()
    for (const stream of streams)
      expectFor(
        'the end of a stream',
        await codeOf(collect({ [Symbol.asyncIterator]: () => stream })),
      ).toMatch(/Cancelled|uncertain/)
  })

  test('MOD-70: the limit of a method bounds its stream, and that of all methods the time to its beginning', async () => {
    const made = await scriptedServer({ methodTimeout: '40ms' })
    const client = clientOf(made)
    runs(async function* ({ signal }: MethodCall) {
      yield 1
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    expect(await codeOf(collect(client.stream('scripted.brief')))).toBe('platform:status:Timeout')
    runs(() => new Promise(() => undefined))
    expect(await codeOf(collect(client.stream('scripted.run')))).toBe('platform:status:Timeout')
  })
})
