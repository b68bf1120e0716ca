import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'

const unauthorized = { severity: 'ERROR', code: 'platform:status:Unauthorized', params: {} }

describe('tokens', () => {
  test('WIRE-33: path segments before the token, and a slash after it, are ignored', async () => {
    const { url, token } = await testServer()
    for (const path of [
      `collab/${token('ann')}`,
      `/${token('ann')}`,
      `a/b//${token('ann')}`,
      `${token('ann')}/`,
    ]) {
      const client = await RawClient.open(url, path)
      expect(((await client.request('getAccount')) as { email: string }).email).toBe('ann')
      await client.close()
    }
  })

  test('WIRE-30: the token is accepted in the path, in Authorization, or in a subprotocol', async () => {
    const { url, token } = await testServer()
    const jwt = token('ann')
    const ways: [string, ConstructorParameters<typeof RawClient>[2], string][] = [
      [jwt, {}, ''],
      ['', { headers: { authorization: `Bearer ${jwt}` } }, ''],
      ['', { protocols: ['atrium', `atrium.token.${jwt}`] }, 'atrium'],
      ['', { protocols: [`atrium.token.${jwt}`] }, `atrium.token.${jwt}`],
    ]
    for (const [path, options, protocol] of ways) {
      const client = await RawClient.open(url, path, {}, options)
      const { email } = (await client.request('getAccount')) as { email: string }
      expect(email).toBe('ann')
      expect(client.socket.protocol).toBe(protocol)
      await client.close()
    }
  })

  test('WIRE-31: Authorization takes precedence over a subprotocol, and a subprotocol over the path', async () => {
    const { url, token } = await testServer()
    const headers = { authorization: `Bearer ${token('ann')}` }
    const protocols = ['atrium', `atrium.token.${token('bob')}`]
    const first = await RawClient.open(url, token('eve'), {}, { headers, protocols })
    expect(((await first.request('getAccount')) as { email: string }).email).toBe('ann')
    const second = await RawClient.open(url, token('eve'), {}, { protocols })
    expect(((await second.request('getAccount')) as { email: string }).email).toBe('bob')
  })

  test('WIRE-32: a client with a bad token is told so in hello and for each message, and is closed with 4100', async () => {
    const { url, time } = await testServer({}, { fakeTime: true })
    const client = new RawClient(url, 'no-token')
    await once(client.socket, 'open')
    await client.wait(({ result }) => result === 'hello')
    expect(client.frames).toStrictEqual([{ id: -1, result: 'hello', error: unauthorized }])
    for (const count of [2, 3]) {
      client.send({ id: count, method: 'findAll', params: ['core:class:Account', {}] })
      await client.wait(() => client.frames.length === count)
      expect(client.frames[count - 1]).toStrictEqual({ id: -1, error: unauthorized })
    }
    expect(client.kinds).toStrictEqual(['text', 'text', 'text'])
    expect(client.closed).toBeUndefined()
    await time.advance(1100)
    expect((await client.waitForClose()).code).toBe(4100)
  })
})
