import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { SERVER_VERSION } from '../../server/version.ts'
import { remoteAccounts, workspaceInfo } from '../support/remote-accounts.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

/** An entering client is announced to everyone, also before their hello. */
const helloAt = (client: RawClient) => client.frames.findIndex(({ id }) => id === -1)

describe('hello', () => {
  test('WIRE-20: the response to hello is JSON text with id -1, the requested `binary`, and `reconnect`', async () => {
    const { url, token } = await testServer()
    const forms = [{}, { binary: true }, { compression: true }, { binary: false, broadcast: false }]
    for (const form of forms) {
      const client = await RawClient.open(url, token('ann'), form)
      const at = helloAt(client)
      const expected = { id: -1, result: 'hello', binary: form.binary ?? false, reconnect: false }
      expect(client.frames[at]).toStrictEqual(expected)
      expect(client.kinds[at]).toBe('text')
      await client.close()
    }
  })

  test('WIRE-21: after hello with `binary` the responses and pushes are msgpack, otherwise JSON text', async () => {
    const { url, token } = await testServer()
    const packed = await RawClient.open(url, token('ann'), { binary: true })
    const plain = await RawClient.open(url, token('bob'), { compression: true })
    await packed.request('tx', [createTask('t1', { title: 'Ä€𝄞' })])
    const pushes = await Promise.all(
      [packed, plain].map((each) => each.waitForPush(({ objectId }) => objectId === 't1')),
    )
    expect(pushes[0]).toStrictEqual(pushes[1])
    expect(await packed.request('findAll', ['board:class:Task', {}])).toStrictEqual(
      await plain.request('findAll', ['board:class:Task', {}]),
    )
    expect(new Set(packed.kinds.slice(helloAt(packed) + 1))).toStrictEqual(new Set(['binary']))
    expect(new Set(plain.kinds)).toStrictEqual(new Set(['text']))
  })

  test('WIRE-22: a client that never sends hello is served, in JSON text', async () => {
    const { url, token } = await testServer()
    const client = new RawClient(url, token('ann'))
    await once(client.socket, 'open')
    expect(await client.request('ping')).toBe('pong!')
    await client.request('tx', [createTask('t1', { title: 'x' })])
    expect(await client.waitForPush(({ objectId }) => objectId === 't1')).toBeTruthy()
    expect(new Set(client.kinds)).toStrictEqual(new Set(['text']))
  })

  test('WIRE-23: messages that arrive before the session is open are kept and handled in order', async () => {
    const accounts = await remoteAccounts()
    const { url, token } = await testServer({ accounts: accounts.url })
    const client = new RawClient(url, token('ann'))
    await once(client.socket, 'open')
    const { answer } = await accounts.call(0)
    client.send({ id: -1, method: 'hello', params: [], binary: true })
    client.send({ id: 1, method: 'tx', params: [createTask('t1', { title: 'x' })] })
    client.send({ id: 2, method: 'ping', params: [] })
    client.send('not JSON')
    client.send({ id: 3, method: 'ping', params: [] })
    // The server has read all of that when it answers the ping of the WebSocket protocol.
    client.socket.ping()
    await once(client.socket, 'pong')
    expect(client.frames).toHaveLength(0)
    answer(workspaceInfo('w1', { role: 'USER' }))
    await client.wait(({ id }) => id === 1)
    const answers = client.frames.filter(({ id }) => id !== undefined && id !== 1)
    expect(answers.map((frame) => [frame.id, frame.error?.code])).toStrictEqual([
      [-1, undefined],
      [2, undefined],
      [-1, 'platform:status:BadRequest'],
      [3, undefined],
    ])
    expect(client.kinds.slice(0, 2)).toStrictEqual(['text', 'binary'])
  })

  test('WIRE-24: more early messages than the limit close the socket with 1013, and no other socket', async () => {
    const accounts = await remoteAccounts(({ params, answer, token }) => {
      if (params[0] === true && token.length > 0 && accounts.calls.length > 1) answer(workspaceInfo())
    })
    const { url, token } = await testServer({ accounts: accounts.url, earlyMessages: '3' })
    const client = new RawClient(url, token('ann'))
    await once(client.socket, 'open')
    await accounts.call(0)
    for (let id = 1; id <= 4; id++) client.send({ id, method: 'ping', params: [] })
    const { code } = await client.waitForClose()
    expect(code).toBe(1013)
    const other = await RawClient.open(url, token('bob'))
    expect(await other.request('ping')).toBe('pong!')
  })

  test('WIRE-25: only a client of protocol 2 is sent more than the fields of protocol 1', async () => {
    const { url, token } = await testServer()
    const fresh = await RawClient.open(url, token('ann'), { protocol: 2 })
    expect(fresh.frames[helloAt(fresh)]?.['serverVersion']).toBe(SERVER_VERSION)
    const old = await RawClient.open(url, token('bob'), { protocol: 1 })
    expect(Object.keys(old.frames[helloAt(old)] ?? {}).sort()).toStrictEqual([
      'binary',
      'id',
      'reconnect',
      'result',
    ])
  })
})
