import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Packr } from 'msgpackr'
import type { Frame } from '../support/raw-client.ts'
import { assertCoded, assertTellsNothing, disturbed } from '../support/bystander.ts'
import { expectFor } from '../support/expecting.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { testServer } from '../support/test-server.ts'

const isRefusal = ({ error }: Frame) => error !== undefined

describe('malformed frames', () => {
  test('WIRE-100: a message that is not JSON, or is no request, is answered with BadRequest, with the id where it had one', async () => {
    const { client, assertUnnoticed } = await disturbed()
    const wrong = ['', '{', 'hello', '[]', '[1,2]', '"ping"', '7', 'null', 'true', '{}', '{"method":7}']
    for (const text of wrong) {
      client.frames.length = 0
      client.send(text)
      const frame = await client.wait(isRefusal)
      expectFor(text, frame.id).toBe(-1)
      assertCoded(frame, 'platform:status:BadRequest')
    }
    const withId = [
      { id: 7 },
      { id: 7, method: null },
      { id: 7, method: 'ping', params: { length: 3 } },
      { id: 7, method: 'x'.repeat(65) },
      { id: 7, method: 'hello', binary: 'yes' },
    ]
    for (const request of withId) {
      client.frames.length = 0
      client.send(request)
      const frame = await client.wait(isRefusal)
      expect(frame.id).toBe(7)
      assertCoded(frame, 'platform:status:BadRequest')
    }
    expect(await client.request('ping')).toBe('pong!')
    await assertUnnoticed()
  })

  test('WIRE-101: a binary frame that is no request is answered with BadRequest', async () => {
    const { client, assertUnnoticed } = await disturbed()
    const packr = new Packr({ structuredClone: true })
    const bytes = [Buffer.alloc(0), Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(999, 0x91)]
    const values = [new Map([['method', 'ping']]), new Set(['ping']), [1], { method: 1n }, new Date(0)]
    for (const frame of [...bytes, ...values.map((value) => packr.pack(value))]) {
      client.frames.length = 0
      client.send(frame)
      assertCoded(await client.wait(isRefusal), 'platform:status:BadRequest')
    }
    await assertUnnoticed()
  })

  test('WIRE-102: no member of an object or a prototype is a method', async () => {
    const { client, assertUnnoticed } = await disturbed()
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', '']
    for (const name of [...names, 'close', 'loadDoc', 'tx ', 'TX', '#', 'get'])
      assertCoded(await client.ask(name), 'platform:status:UnknownMethod')
    await assertUnnoticed()
  })

  test('WIRE-103: a frame over the maximum payload closes its socket with 1009, and no other socket', async () => {
    const { client, assertUnnoticed } = await disturbed()
    client.send(Buffer.alloc(200 * 1024 * 1024, 0x20))
    expect((await client.waitForClose()).code).toBe(1009)
    expect(client.frames.every(({ error }) => error === undefined)).toBe(true)
    await assertUnnoticed()
  })

  test('WIRE-104: a frame that breaks the WebSocket protocol closes its socket, and no other socket', async () => {
    const { client, server, token, assertUnnoticed } = await disturbed()
    const socket = connect(server.port, '127.0.0.1')
    socket.write(upgrade(`/${token('eve')}`))
    await once(socket, 'data')
    // A text frame of a client must be masked.
    socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]))
    await once(socket.resume(), 'close')
    expect(await client.request('ping')).toBe('pong!')
    await assertUnnoticed()
  })

  test('WIRE-105: an upgrade request with an invalid URL is refused with 400', async () => {
    const { server, assertUnnoticed } = await disturbed()
    for (const path of ['//', '//?sessionId=1', 'http://[', 'ws://:x/']) {
      const socket = connect(server.port, '127.0.0.1')
      socket.write(upgrade(path))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expectFor(path, answer.toString()).toMatch(/^HTTP\/1\.1 400 /)
      assertTellsNothing(answer.toString())
      socket.destroy()
    }
    await assertUnnoticed()
  })

  function upgrade(path: string): string {
    const headers = [
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    return `GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`
  }
})

describe('bodies that are not whole', () => {
  test('LIM-60: a body that is malformed or aborted is refused, and nothing is logged', async () => {
    const server = await testServer({ accounts: 'builtin' })
    const head = 'HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    for (const path of ['/accounts', '/no-such-path', '/api/v1/statistics']) {
      for (const chunk of ['zz\r\n', 'fffffffff\r\n', '5\r\nabcdefgh\r\n', '4\r\n{"me', '-1\r\n\r\n']) {
        const socket = await RawSocket.open(server.server.port)
        socket.write(`POST ${path} ${head}${chunk}`)
        // The server has read what came before this.
        expect((await fetch(`${server.server.url}/health`)).status).toBe(200)
        socket.socket.destroy()
        expect((await fetch(`${server.server.url}/health`)).status).toBe(200)
      }
    }
    const malformed = await RawSocket.open(server.server.port)
    malformed.write(`POST /accounts ${head}zz\r\n`)
    await malformed.receives('400 Bad Request')
    await malformed.closed()
    expect(server.log.lines.filter(({ level }) => level !== 'info')).toStrictEqual([])
  })
})
