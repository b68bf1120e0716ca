import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { pick } from '../crash/random.ts'
import { upgradeHead } from '../support/raw-socket.ts'
import { mutated } from './messages.ts'

type Random = () => number

export interface FuzzTarget {
  host: string
  port: number
  token: string
}

/** Bytes of zeros that a small compressed message becomes. */
const BOMB = 64 * 1024 * 1024
const deflated = deflateRawSync(Buffer.alloc(BOMB))
const gzipped = gzipSync(Buffer.alloc(BOMB))
/** Milliseconds within which the server has to respond to a broken connection, or to end it. */
const PATIENCE = 20_000

/** A WebSocket frame, right or wrong in each of its parts. */
function frame(random: Random): Buffer {
  const fin = random() < 0.8 ? 0x80 : 0
  const reserved = random() < 0.2 ? pick(random, [0x40, 0x20, 0x10]) : 0
  const opcode = pick(random, [0, 1, 1, 2, 2, 3, 8, 9, 10, 15])
  const isDeflated = reserved === 0x40 && random() < 0.5
  const payload = isDeflated
    ? deflated
    : Buffer.from(`{"id":1,"method":"ping","params":[]}${'\xff'.repeat(random() * 200)}`, 'latin1')
  const masked = random() < 0.9 ? 0x80 : 0
  const claimed =
    random() < 0.9
      ? payload.length
      : pick(random, [0, 125, 126, 127, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER])
  const head = [fin | reserved | opcode]
  const length = Buffer.alloc(8)
  if (claimed < 126) head.push(masked | claimed)
  else if (claimed < 65_536) head.push(masked | 126, claimed >> 8, claimed & 255)
  else {
    length.writeBigUInt64BE(BigInt(claimed))
    for (const byte of [masked | 127, ...length]) head.push(byte)
  }
  const mask = masked === 0 ? [] : [0, 0, 0, 0]
  return Buffer.concat([Buffer.from([...head, ...mask]), payload])
}

function httpRequest(random: Random, { token }: FuzzTarget): Buffer {
  const path = pick(random, [
    '/',
    '/health',
    '/metrics',
    '/api/v1/version',
    '/api/v1/statistics',
    '/api/v1/manage?operation=x',
    '/accounts',
    '//',
    '/%00',
    '/%',
    '/api/v1/workspaces/%2e%2e/sessions',
    `/api/v1/statistics?token=${token}`,
    `/${'a'.repeat(70_000)}`,
    '*',
    'http://[',
  ])
  const method = pick(random, ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'FOO'])
  const body = pick(random, [
    '',
    '{}',
    '{"method":"login","params":["a@b.c","wrong"]}',
    '{"method":"__proto__","params":[]}',
    '[',
    '['.repeat(10_000),
    `{"method":"login","params":[${'1,'.repeat(20_000)}1]}`,
  ])
  const gzip = random() < 0.1
  const content = gzip ? gzipped : Buffer.from(body)
  const length = random() < 0.9 ? content.length : pick(random, [-1, 1e9, 'x'])
  const headers = [
    `Host: ${pick(random, ['localhost', '', 'a b', 'x'.repeat(300)])}`,
    'Content-Type: application/json',
    'Connection: close',
    `Authorization: Bearer ${pick(random, [token, '', 'x.y.z', 'a'.repeat(5000)])}`,
    gzip ? 'Content-Encoding: gzip' : 'Accept: */*',
    random() < 0.1 ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
    random() < 0.1 ? `X-Forwarded-For: ${'1.2.3.4,'.repeat(500)}` : 'Origin: http://localhost',
  ]
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`),
    content,
  ])
}

/** Sends what may be no WebSocket frames, after a right handshake. Returns what the server sent. */
export async function fuzzSocket(random: Random, target: FuzzTarget, frames: number): Promise<string> {
  const socket = connect(target.port, target.host)
  const received = collected(socket)
  socket.write(upgradeHead(`/${target.token}`, 'Sec-WebSocket-Extensions: permessage-deflate'))
  for (let at = 0; at < frames; at++)
    socket.write(random() < 0.2 ? mutated(random, frame(random).subarray(0, 4096)) : frame(random))
  return await ended(socket, received)
}

/** Sends a request that may be no HTTP. Returns the response. */
export async function fuzzHttp(random: Random, target: FuzzTarget): Promise<string> {
  const socket = connect(target.port, target.host)
  const received = collected(socket)
  const request = httpRequest(random, target)
  socket.write(random() < 0.3 ? mutated(random, request.subarray(0, 100_000)) : request)
  return await ended(socket, received)
}

function collected(socket: Socket): { text: string } {
  const received = { text: '' }
  socket.on('data', (data: Buffer) => {
    if (received.text.length < 10_000) received.text += data.toString('latin1')
  })
  // The server resets connections whose requests it does not read.
  socket.on('error', () => undefined)
  return received
}

/** Ends the sending side, and waits for the server to end the other. */
async function ended(socket: Socket, received: { text: string }): Promise<string> {
  const timer = setTimeout(() => socket.destroy(new Error('not ended')), PATIENCE)
  socket.end()
  if (!socket.closed) await once(socket, 'close').catch(() => undefined)
  clearTimeout(timer)
  return received.text
}
