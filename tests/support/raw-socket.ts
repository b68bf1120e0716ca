import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestEnd } from './on-test-end.ts'

/** A TCP connection to a server under test, which speaks byte by byte. */
export class RawSocket {
  readonly socket: Socket
  received = ''
  readonly #closed: Promise<void>

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => undefined)
    this.socket.on('data', (data) => (this.received += data.toString('latin1')))
    this.#closed = new Promise((resolve) => this.socket.on('close', () => resolve()))
    onTestEnd(() => this.socket.destroy())
  }

  static async open(port: number): Promise<RawSocket> {
    const raw = new RawSocket(port)
    await once(raw.socket, 'connect')
    return raw
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data)
  }

  get isClosed(): boolean {
    return this.socket.destroyed
  }

  /** Resolves when the server has ended the connection. */
  async closed(): Promise<void> {
    await this.#closed
  }

  async receives(text: string): Promise<void> {
    while (!this.received.includes(text)) await once(this.socket, 'data')
  }
}

/** The head of an upgrade request. */
export function upgradeHead(path: string, ...headers: string[]): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A masked text frame with these bytes; `announced`: the length that its header gives. */
export function textFrame(payload: Uint8Array, announced = payload.length): Buffer {
  const header = Buffer.alloc(14)
  header[0] = 0x81
  header[1] = 0x80 | 127
  header.writeBigUInt64BE(BigInt(announced), 2)
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([header, payload])
}
