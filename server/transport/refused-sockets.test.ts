import { test } from '@jest/globals'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { TestLog } from '../../tests/support/test-server.ts'
import { WebSocketTransport } from './websocket-transport.ts'
import { onTestEnd } from '../../tests/support/on-test-end.ts'

const upgrade = [
  'GET /token HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
  '',
].join('\r\n')

test('SRV-93: connections that are reset while a stopping server refuses them do not end its process', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestEnd(() => server.close())
  const accept = () => {
    throw new Error('a connection was taken')
  }
  const logger = new TestLog()
  const gate = { addressOf: () => '', admits: () => true, admitted: () => undefined }
  const sizes = { maxPayload: 1000, unverifiedPayload: 1000 }
  const options = {
    server,
    ...sizes,
    gate,
    verify: () => ({ refusal: undefined }),
    origins: { allows: () => true },
  }
  const transport = new WebSocketTransport({ ...options, accept, logger })
  transport.stop()
  const { port } = server.address() as AddressInfo
  const closed: Promise<unknown>[] = []
  // With the plain event: `once` would also listen for errors.
  const isClosed = (socket: Socket) => new Promise((resolve) => socket.on('close', resolve))
  server.on('connection', (socket) => closed.push(isClosed(socket)))
  for (let count = 0; count < 20; count++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    const refused = once(server, 'upgrade')
    socket.write(upgrade)
    await refused
    socket.resetAndDestroy()
  }
  await Promise.all(closed)
  // An error without a listener is thrown in the next tick.
  await new Promise(setImmediate)
})
