import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'

const unauthorized = { severity: 'ERROR', code: 'platform:status:Unauthorized', params: {} }

test('WIRE-33: what stands before the token in the path, and a slash behind it, is passed over', async (context) => {
  const { url, token } = await testServer(context)
  for (const path of [
    `collab/${token('ann')}`,
    `/${token('ann')}`,
    `a/b//${token('ann')}`,
    `${token('ann')}/`,
  ]) {
    const client = await RawClient.open(url, path)
    assert.equal(((await client.request('getAccount')) as { email: string }).email, 'ann')
    await client.close()
  }
})

test('WIRE-30: the token may stand in the path, in Authorization, or in a subprotocol', async (context) => {
  const { url, token } = await testServer(context)
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
    assert.equal(email, 'ann')
    assert.equal(client.socket.protocol, protocol)
    await client.close()
  }
})

test('WIRE-31: Authorization goes before a subprotocol, and that before the path', async (context) => {
  const { url, token } = await testServer(context)
  const headers = { authorization: `Bearer ${token('ann')}` }
  const protocols = ['atrium', `atrium.token.${token('bob')}`]
  const first = await RawClient.open(url, token('eve'), {}, { headers, protocols })
  assert.equal(((await first.request('getAccount')) as { email: string }).email, 'ann')
  const second = await RawClient.open(url, token('eve'), {}, { protocols })
  assert.equal(((await second.request('getAccount')) as { email: string }).email, 'bob')
})

test('WIRE-32: a bad token is told so by hello, again for each message, and closed with 4100', async (context) => {
  const { url, time } = await testServer(context, {}, { fakeTime: true })
  const client = new RawClient(url, 'no-token')
  await once(client.socket, 'open')
  await client.wait(({ result }) => result === 'hello')
  assert.deepEqual(client.frames, [{ id: -1, result: 'hello', error: unauthorized }])
  for (const count of [2, 3]) {
    client.send({ id: count, method: 'findAll', params: ['core:class:Account', {}] })
    await client.wait(() => client.frames.length === count)
    assert.deepEqual(client.frames[count - 1], { id: -1, error: unauthorized })
  }
  assert.deepEqual(client.kinds, ['text', 'text', 'text'])
  assert.equal(client.closed, undefined)
  await time.advance(1100)
  assert.equal((await client.waitForClose()).code, 4100)
})
