import { describe, expect, test } from '@jest/globals'
import { createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import type { MethodCall } from '../../pipeline/modules/method-call.ts'
import { expectFor } from '../support/expecting.ts'
import { gate } from '../support/gate.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient } from '../support/raw-client.ts'
import { runs } from '../support/scripted-module.ts'
import { respond, scriptedServer, session2, vote, votesOf } from './calling.ts'

/** A script that never returns by itself. `aborted` resolves with the reason when its signal aborts. */
function hanging() {
  let tell: (reason: unknown) => void = () => undefined
  const aborted = new Promise<unknown>((resolve) => (tell = resolve))
  const started = gate()
  const script = async ({ signal }: MethodCall): Promise<void> => {
    signal.addEventListener('abort', () => tell(signal.reason))
    void started.pass()
    await new Promise(() => undefined)
  }
  return { script, aborted, reached: started.reached }
}

const cancelled = 'platform:status:Cancelled {"method":"scripted.run"}'

describe('deadlines and cancellation of methods', () => {
  test('MOD-70: a method that takes too long is answered with Timeout, its signal aborts, and it commits nothing any more', async () => {
    const made = await scriptedServer({ methodTimeout: '60ms' })
    const { client } = await session2(made)
    for (const [method, value] of [
      ['scripted.run', 60],
      ['scripted.brief', 50],
    ] as const) {
      const late: { refusal?: unknown } = {}
      const isOver = gate()
      runs(async (call) => {
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
        late.refusal = await vote(call).catch((error: unknown) => error)
        await isOver.pass()
      })
      const { error } = await respond(client, { id: value, method, key: method })
      expect(error?.code).toBe('platform:status:Timeout')
      expect(error?.params).toStrictEqual({ limit: 'milliseconds of a method', value })
      await isOver.reached
      expect(String(late.refusal)).toMatch(/Timeout/)
    }
    expect(await votesOf(client)).toBe(0)
  })

  test('MOD-71: the signal of a method aborts when its client cancels the call, also before it runs', async () => {
    const made = await scriptedServer({ concurrentMethods: '1' })
    const { client } = await session2(made)
    const { script, aborted, reached } = hanging()
    let count = 0
    runs(async (call) => {
      count += 1
      if (count > 1) return count
      void script(call)
      return await new Promise((_resolve, reject) =>
        call.signal.addEventListener('abort', () => reject(call.signal.reason as Error)),
      )
    })
    for (const id of [1, 2, 3]) client.send({ id, method: 'scripted.run', params: [], key: `k${id}` })
    await reached
    client.send({ id: -1, method: '#cancel', params: [2] })
    client.send({ id: -1, method: '#cancel', params: [1] })
    expect(String(await aborted)).toContain(cancelled)
    for (const id of [1, 2])
      expect((await client.wait((frame) => frame.id === id)).error?.code).toBe('platform:status:Cancelled')
    expect((await client.wait(({ id }) => id === 3)).result).toBe(2)
    client.send({ id: -1, method: '#cancel', params: [{}] })
    expect((await client.wait(({ id, error }) => id === -1 && error !== undefined)).error?.code).toBe(
      'platform:status:BadRequest',
    )
  })

  test('MOD-71: the signal aborts when the session ends, unless its client can come back for the result', async () => {
    const made = await scriptedServer()
    for (const frame of [{}, { method: 'scripted.repeat', key: 'k' }]) {
      const { client } = await session2(made)
      const { script, aborted, reached } = hanging()
      runs(script)
      client.send({ id: 1, method: 'scripted.run', params: [], ...frame })
      await reached
      client.socket.terminate()
      expectFor(JSON.stringify(frame), String(await aborted)).toContain('platform:status:Cancelled')
    }
  })

  test('MOD-71: aborting the signal of a call, and terminating the client, cancel the call on the server', async () => {
    const made = await scriptedServer()
    for (const how of ['abort', 'terminate'] as const) {
      const client = createClient({ url: made.url, getToken: () => made.token('ann'), dial: dialNode })
      onTestEnd(() => client.terminate())
      const { script, aborted, reached } = hanging()
      runs(script)
      const controller = new AbortController()
      const called = client
        .call('scripted.run', [], { signal: controller.signal })
        .catch((error: unknown) => error)
      await reached
      if (how === 'abort') controller.abort(new Error('enough'))
      else client.terminate()
      expectFor(how, String(await aborted)).toContain(cancelled)
      expectFor(how, await called).toMatchObject({ code: 'uncertain' })
    }
  })

  test('MOD-72: methods that do not return delay no other request, and of too many the last are refused', async () => {
    const made = await scriptedServer({
      concurrentMethods: '8',
      waitingMethods: '32',
      concurrentRequests: '1',
    })
    const { client } = await session2(made)
    const held = gate()
    let running = 0
    runs(async () => {
      running += 1
      await held.pass()
      return running
    })
    for (let id = 1; id <= 41; id++) client.send({ id, method: 'scripted.run', params: [] })
    const { error } = await client.wait(({ id }) => id === 41)
    expect([error?.code, error?.params]).toStrictEqual([
      'platform:status:LimitReached',
      { limit: 'methods of a session' },
    ])
    expect(await client.request('ping')).toBe('pong!')
    expect(await votesOf(client)).toBe(0)
    expect(running).toBe(8)
    held.open()
    await client.wait(({ id }) => id === 40)
    expect(running).toBe(40)
  })
})

describe('results and errors of methods', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const refused: [name: string, value: unknown, field: string | undefined][] = [
    ['undefined in an array', { list: [1, undefined] }, 'list.1'],
    ['a hole', { list: [1, , 2] }, 'list.1'], // eslint-disable-line no-sparse-arrays
    ['a function', { at: { run: () => 1 } }, 'at.run'],
    ['a symbol', [Symbol('x')], '0'],
    ['BigInt', { id: 1n }, 'id'],
    ['NaN', [{ sum: NaN }], '0.sum'],
    ['infinity', -Infinity, undefined],
    ['a map', { found: new Map([[1, 2]]) }, 'found'],
    ['a set', new Set([1]), undefined],
    ['a date', { at: new Date(0) }, 'at'],
    ['bytes', { data: new Uint8Array(2) }, 'data'],
    ['an error', { reason: new Error('x') }, 'reason'],
    ['an instance', { it: new URL('http://x') }, 'it'],
    ['a reserved key', { a: JSON.parse('{"__proto__": 1}') as unknown }, 'a.__proto__'],
    [
      'a getter that throws',
      Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () =>
          circular['y'] ??
          (() => {
            throw new Error('no')
          })(),
      }),
      undefined,
    ],
  ]

  test('MOD-73: a result that JSON cannot represent is refused with its path in both encodings, and logged with its method', async () => {
    const made = await scriptedServer()
    for (const binary of [false, true]) {
      const { client } = await session2(made, 'ann', { binary })
      let id = 0
      for (const [name, value, field] of refused) {
        runs(() => value)
        const { error } = await respond(client, { id: ++id })
        const what = `${name}, ${binary ? 'binary' : 'text'}`
        expectFor(what, error?.code).toBe('platform:status:InvalidResult')
        expectFor(what, [error?.params['method'], error?.params['field']]).toStrictEqual([
          'scripted.run',
          field,
        ])
        expectFor(what, made.log.lines.at(-1)).toMatchObject({
          message: 'a request failed',
          fields: { method: 'scripted.run', workspace: 'w1', caller: 'ann', request: id },
        })
      }
      runs(() => circular)
      expect((await respond(client, { id: ++id })).error?.params['message']).toBe('nested too deeply')
      runs(() => ({ a: undefined, b: null, c: -0, d: 'half \ud800' }))
      expect((await respond(client, { id: ++id })).result).toStrictEqual({ b: null, c: 0, d: 'half \ufffd' })
      runs(() => undefined)
      expect((await respond(client, { id: ++id })).result).toBeNull()
    }
  })

  test('MOD-74: an error of another copy of StatusError is returned like one of the server', async () => {
    const made = await scriptedServer()
    const { client } = await session2(made)
    class StatusError extends Error {
      override readonly name = 'StatusError'
      readonly status: unknown
      constructor(status: unknown) {
        super('of another copy')
        this.status = status
      }
    }
    const thrown = async (id: number, status: unknown) => {
      runs(() => Promise.reject(new StatusError(status)))
      return (await respond(client, { id })).error
    }
    const code = 'core:status:ObjectNotFound'
    expect(await thrown(1, { code, params: { _id: 'x', more: { secret: 1 } } })).toStrictEqual({
      severity: 'ERROR',
      code,
      params: { _id: 'x' },
    })
    expect((await thrown(2, { code: 'shop:status:SoldOut' }))?.code).toBe('shop:status:SoldOut')
    for (const [at, status] of [undefined, {}, { code: 5 }, { code: 'any text' }, 'x'].entries())
      expect((await thrown(3 + at, status))?.code).toBe('platform:status:InternalServerError')
  })

  test('MOD-75: the log of a failed request names its method, workspace, caller and id', async () => {
    const made = await scriptedServer()
    const ann = await RawClient.open(made.url, made.token('ann'))
    runs(() => {
      throw new TypeError('a fault of the module')
    })
    expect((await respond(ann, { id: 77 })).error?.code).toBe('platform:status:InternalServerError')
    const { level, message, fields } = made.log.lines.at(-1) ?? {}
    expect([level, message]).toStrictEqual(['error', 'a request failed'])
    expect(fields).toMatchObject({ method: 'scripted.run', workspace: 'w1', caller: 'ann', request: 77 })
    expect((fields as { err: Error }).err.message).toBe('a fault of the module')
  })
})
