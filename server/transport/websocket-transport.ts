import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { bearerToken, type Verdict } from '../auth/tokens.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'
import type { AllowedOrigins } from './allowed-origins.ts'
import type { ConnectionGate } from './connection-gate.ts'
import { WsSocket } from './ws-socket.ts'

export interface Connection {
  verdict: Verdict
  sessionId: string | undefined
  socket: Socket
  /** Of the client, in the form that limits count by. */
  address: string
}

export interface TransportOptions {
  server: Server
  /** Maximum bytes of a message from a client. */
  maxPayload: number
  /** The same for a client whose token was refused. */
  unverifiedPayload: number
  gate: Pick<ConnectionGate, 'addressOf' | 'admits' | 'admitted'>
  /** Verifies a raw token, `''` when there is none. */
  verify: (raw: string) => Verdict
  origins: Pick<AllowedOrigins, 'allows'>
  /** Called for each connection. Returns the handlers of its events. */
  accept: (connection: Connection) => SocketHandlers
  logger: Logger
}

/** A token may be a subprotocol, `atrium.token.<jwt>`, beside this one, which the server selects. */
export const SUBPROTOCOL = 'atrium'
const TOKEN_SUBPROTOCOL = 'atrium.token.'

const shared: ServerOptions = {
  noServer: true,
  clientTracking: true,
  perMessageDeflate: false,
  handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : ([...protocols][0] ?? false)),
}

/** Turns upgrade requests on `/{token}` into connections. */
export class WebSocketTransport {
  readonly #options: TransportOptions
  readonly #wss: WebSocketServer
  /** For clients whose token was refused: they get to know it, and nothing else. */
  readonly #refusing: WebSocketServer
  readonly #onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void

  constructor(options: TransportOptions) {
    this.#options = options
    this.#wss = new WebSocketServer({ ...shared, maxPayload: options.maxPayload })
    this.#refusing = new WebSocketServer({
      ...shared,
      maxPayload: options.unverifiedPayload,
      autoPong: false,
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
    const clients = [...this.#wss.clients, ...this.#refusing.clients]
    const ends = clients.map(async (ws) => await once(ws, 'close'))
    await withTimeout(Promise.all(ends), { milliseconds, what: 'closing the sockets' }).catch(() => undefined)
    for (const ws of clients) ws.terminate()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // ws adds its own error listener only after the handshake.
    const onError = () => socket.destroy()
    socket.on('error', onError)
    const { origin, host } = request.headers
    if (origin !== undefined && !this.#options.origins.allows(origin, host))
      return refuse(socket, 403, 'Forbidden')
    const url = addressOf(request)
    if (url === undefined) return refuse(socket, 400, 'Bad Request')
    if (!this.#options.gate.admits(request))
      return refuse(socket, 429, 'Too Many Requests', 'Retry-After: 1\r\n')
    // Before the upgrade: the limits of a connection depend on it, and are set once.
    const verdict = this.#options.verify(tokenOf(request, url))
    const wss = 'token' in verdict ? this.#wss : this.#refusing
    wss.handleUpgrade(request, socket, head, (ws) => {
      socket.off('error', onError)
      if ('token' in verdict) this.#options.gate.admitted(socket)
      const address = this.#options.gate.addressOf(request)
      this.#connected(ws, { verdict, sessionId: sessionIdOf(url), address }, socket)
    })
  }

  #connected(ws: WebSocket, client: Omit<Connection, 'socket'>, duplex: Duplex): void {
    const socket = new WsSocket(ws, duplex, () => handlers.taken())
    const handlers: SocketHandlers = this.#options.accept({ ...client, socket })
    // `binaryType` of ws is `nodebuffer`, so the data is a Buffer.
    ws.on('message', (data, isBinary) => {
      socket.arrived()
      handlers.message(data as Buffer, isBinary)
    })
    ws.on('pong', () => handlers.pong())
    ws.on('close', (code) => handlers.closed(code))
    ws.on('error', (error) => this.#options.logger.info({ err: error.message }, 'a connection failed'))
    duplex.on('drain', () => handlers.drain())
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

function refuse(socket: Duplex, status: number, text: string, headers = ''): void {
  // An error event without a listener would end the process.
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${text}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}
