import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { bearerToken } from '../auth/tokens.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Frame } from '../wire/frame.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'

export interface Connection {
  /** The raw token, `''` when there was none. */
  token: string
  sessionId: string | undefined
  socket: Socket
  remoteAddress: string
}

export interface TransportOptions {
  server: Server
  /** Maximum bytes of a message from a client. */
  maxPayload: number
  /** Origins from which browsers may connect; empty: any. */
  origins: () => readonly string[]
  /** Called for each connection. Returns the handlers of its events. */
  accept: (connection: Connection) => SocketHandlers
  logger: Logger
}

/** A token may be a subprotocol, `atrium.token.<jwt>`, beside this one, which the server selects. */
export const SUBPROTOCOL = 'atrium'
const TOKEN_SUBPROTOCOL = 'atrium.token.'

/** Turns upgrade requests on `/{token}` into connections. */
export class WebSocketTransport {
  readonly #options: TransportOptions
  readonly #wss: WebSocketServer
  readonly #onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void

  constructor(options: TransportOptions) {
    this.#options = options
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      perMessageDeflate: false,
      maxPayload: options.maxPayload,
      handleProtocols: (protocols) =>
        protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : ([...protocols][0] ?? false),
    })
    this.#onUpgrade = (request, socket, head) => this.#upgrade(request, socket, head)
    options.server.on('upgrade', this.#onUpgrade)
  }

  /** Accepts no new connections; existing ones stay. */
  stop(): void {
    this.#options.server.off('upgrade', this.#onUpgrade)
    this.#options.server.on('upgrade', (_request, socket) => refuse(socket, 503, 'Service Unavailable'))
  }

  /** Waits for closing handshakes, then terminates the remaining connections. */
  async end(milliseconds: number): Promise<void> {
    const { clients } = this.#wss
    const ends = [...clients].map(async (ws) => await once(ws, 'close'))
    await withTimeout(Promise.all(ends), { milliseconds, what: 'closing the sockets' }).catch(() => undefined)
    for (const ws of clients) ws.terminate()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // ws adds its own error listener only after the handshake.
    const onError = () => socket.destroy()
    socket.on('error', onError)
    const { origin } = request.headers
    if (origin !== undefined && !this.#allows(origin)) return refuse(socket, 403, 'Forbidden')
    const url = addressOf(request)
    if (url === undefined) return refuse(socket, 400, 'Bad Request')
    this.#wss.handleUpgrade(request, socket, head, (ws) => {
      socket.off('error', onError)
      this.#connected(ws, { request, url }, socket)
    })
  }

  #allows(origin: string): boolean {
    const origins = this.#options.origins()
    return origins.length === 0 || origins.includes(origin)
  }

  #connected(ws: WebSocket, { request, url }: { request: IncomingMessage; url: URL }, duplex: Duplex): void {
    const socket = new WsSocket(ws, duplex, () => handlers.taken())
    const handlers: SocketHandlers = this.#options.accept({
      token: tokenOf(request, url),
      sessionId: sessionIdOf(url),
      socket,
      remoteAddress: request.socket.remoteAddress ?? '',
    })
    // `binaryType` of ws is `nodebuffer`, so the data is a Buffer.
    ws.on('message', (data, isBinary) => handlers.message(data as Buffer, isBinary))
    ws.on('pong', () => handlers.pong())
    ws.on('close', (code) => handlers.closed(code))
    ws.on('error', (error) => this.#options.logger.info({ err: error.message }, 'a connection failed'))
    duplex.on('drain', () => handlers.drain())
  }
}

class WsSocket implements Socket {
  readonly #ws: WebSocket
  readonly #duplex: Duplex
  readonly #taken: () => void
  /** Bytes that the operating system has not accepted yet. */
  #held = 0

  /** @param taken called when the operating system accepts bytes that it had no room for before */
  constructor(ws: WebSocket, duplex: Duplex, taken: () => void) {
    this.#ws = ws
    this.#duplex = duplex
    this.#taken = taken
  }

  get buffered(): number {
    return this.#duplex.writableLength
  }

  write(frames: readonly Frame[]): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    // Node reports room before it reports written bytes.
    this.#look()
    const last = frames.length - 1
    if (last > 0) this.#duplex.cork()
    let at = 0
    // The same function each time, so that Node batches its calls.
    for (const frame of frames) this.#duplex.write(frame, at++ === last ? this.#written : undefined)
    if (last > 0) this.#duplex.uncork()
    this.#held = this.#duplex.writableLength
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping()
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
  }

  terminate(): void {
    this.#ws.terminate()
  }

  readonly #written = (error?: Error | null): void => {
    if (!error) this.#look()
  }

  /** Bytes that were accepted at once are no sign of life: the system buffers them for a dead peer too. */
  #look(): void {
    const before = this.#held
    this.#held = this.#duplex.writableLength
    if (this.#held < before) this.#taken()
  }
}

/** `undefined` for an invalid address, such as `//`: an error thrown here would end the process. */
function addressOf({ url = '/' }: IncomingMessage): URL | undefined {
  // A proxy that removes a prefix may leave several slashes; after two of them a host would follow.
  const path = url.replace(/^\/+(?=[^/?])/, '/')
  return URL.canParse(path, 'ws://host') ? new URL(path, 'ws://host') : undefined
}

function tokenOf(request: IncomingMessage, { pathname }: URL): string {
  const fromHeader = bearerToken(request.headers.authorization)
  if (fromHeader !== undefined) return fromHeader
  const protocols = request.headers['sec-websocket-protocol']?.split(',') ?? []
  const protocol = protocols.map((each) => each.trim()).find((each) => each.startsWith(TOKEN_SUBPROTOCOL))
  if (protocol !== undefined) return protocol.slice(TOKEN_SUBPROTOCOL.length)
  // Behind a proxy there may be a prefix before it.
  return pathname.replace(/\/+$/, '').split('/').at(-1) ?? ''
}

function sessionIdOf({ searchParams }: URL): string | undefined {
  const id = searchParams.get('sessionId')?.trim()
  return id === undefined || id === '' ? undefined : id
}

function refuse(socket: Duplex, status: number, text: string): void {
  // An error event without a listener would end the process.
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
