import type { Dial, WebSocketLike } from '../../client/runtime/web-socket.ts'
import type { Frame } from '../../server/wire/frame.ts'
import type { Socket, SocketHandlers } from '../../server/wire/socket.ts'
import type { FakeScheduler } from './fake-scheduler.ts'
import type { MemoryCore } from './memory-core.ts'

/** The current behaviour of the connection between a client and a server. */
export interface Line {
  /** Milliseconds for a message of so many bytes, in either direction. Messages of one direction keep their order. */
  delay: (bytes: number) => number
  /**
   * The fault of this message: the connection is cut before it arrives (`lost`) or right after (`cut`), or it arrives
   * `twice`.
   */
  fault: () => 'none' | 'lost' | 'cut' | 'twice'
  /** There is no server to dial. */
  isDown: () => boolean
  /** All messages are lost without a report. */
  isDark?: () => boolean
}

/** Milliseconds between retransmissions of unanswered packets: those of TCP’s SYN (RFC 6298). */
const retransmissions = [1000, 2000, 4000, 8000, 16_000]

type Listener = (event: never) => void

/**
 * Dials a server that is an object, over a connection that tests can cut, slow down and remove. The test controls time.
 *
 * @param core the current server
 */
export function memoryDial(core: () => MemoryCore, time: FakeScheduler, line: Line): Dial {
  return (url, protocols) => {
    const token = protocols.find((each) => each.startsWith('atrium.token.'))?.slice('atrium.token.'.length)
    const sessionId = new URL(url).searchParams.get('sessionId') ?? undefined
    const link = new MemoryLink(time, line)
    const arrive = (waits: readonly number[]) => {
      if (link.client.readyState !== 0) return
      const [wait, ...later] = waits
      if (line.isDark?.() === true) {
        if (wait !== undefined) time.setTimeout(() => arrive(later), wait)
      } else if (line.isDown()) link.cut()
      else link.open(core(), token ?? '', sessionId)
    }
    time.setTimeout(() => arrive(retransmissions), line.delay(0))
    return link.client
  }
}

/** The two ends of a WebSocket, and the connection between them. */
class MemoryLink {
  readonly client: ClientEnd
  readonly #time: FakeScheduler
  readonly #line: Line
  /** The arrival times of the last messages of each direction. */
  #arrivals: Record<'toClient' | 'toServer', { at: number; messages: (() => void)[] }> = {
    toClient: { at: 0, messages: [] },
    toServer: { at: 0, messages: [] },
  }
  #server: SocketHandlers | undefined
  #isGone = false

  constructor(time: FakeScheduler, line: Line) {
    this.#time = time
    this.#line = line
    this.client = new ClientEnd(this)
  }

  open(core: MemoryCore, token: string, sessionId: string | undefined): void {
    if (this.#isGone) return
    this.client.readyState = 1
    this.#server = core.core.sessions.accept({
      verdict: core.core.sessions.verify(token),
      sessionId,
      socket: new ServerEnd(this),
    })
    this.client.emit('open', {})
  }

  toServer(data: string | Uint8Array): void {
    const isBinary = typeof data !== 'string'
    const message = Buffer.from(data as string)
    this.#carry('toServer', () => this.#server?.message(message, isBinary), message.length)
  }

  toClient(frames: readonly Frame[]): void {
    for (const frame of frames)
      this.#carry('toClient', () => this.client.emit('message', { data: payloadOf(frame) }), frame.length)
  }

  pong(): void {
    this.#carry('toServer', () => this.#server?.pong())
  }

  /** Either end closes: both are notified when earlier messages have arrived. */
  close(code: number, reason: string): void {
    this.#carry('toClient', () => this.#end(code, reason))
  }

  /** Without a close frame. */
  cut(): void {
    this.#end(1006, '')
  }

  #carry(direction: 'toClient' | 'toServer', deliver: () => void, bytes = 0): void {
    if (this.#isGone || this.#line.isDark?.() === true) return
    const fault = this.#line.fault()
    const arrive = () => {
      if (this.#isGone || this.#line.isDark?.() === true) return
      if (fault !== 'lost') deliver()
      if (fault === 'twice') deliver()
      else if (fault !== 'none') this.cut()
    }
    const last = this.#arrivals[direction]
    const at = Math.max(last.at, this.#time.monotonic() + this.#line.delay(bytes))
    // Messages that arrive at one time are one packet: nothing happens between them.
    if (at === last.at && at > this.#time.monotonic()) {
      last.messages.push(arrive)
      return
    }
    const messages = [arrive]
    this.#arrivals[direction] = { at, messages }
    this.#time.setTimeout(() => {
      for (const message of messages) message()
    }, at - this.#time.monotonic())
  }

  #end(code: number, reason: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.client.readyState = 3
    this.#server?.closed(code)
    if (this.#line.isDark?.() !== true) this.client.emit('close', { code, reason })
  }
}

class ClientEnd implements WebSocketLike {
  binaryType = 'arraybuffer'
  readyState = 0
  readonly bufferedAmount = 0
  readonly #link: MemoryLink
  readonly #listeners = new Map<string, Listener[]>()

  constructor(link: MemoryLink) {
    this.#link = link
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never)
  }

  send(data: string | Uint8Array): void {
    if (this.readyState === 0) throw new Error('the socket is not open yet')
    if (this.readyState === 1) this.#link.toServer(data)
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState >= 2) return
    if (this.readyState === 0) {
      this.#link.cut()
      return
    }
    this.readyState = 2
    this.#link.close(code, reason)
  }
}

class ServerEnd implements Socket {
  readonly unfinished = 0
  readonly buffered = 0
  readonly #link: MemoryLink

  constructor(link: MemoryLink) {
    this.#link = link
  }

  write(frames: readonly Frame[]): void {
    this.#link.toClient(frames)
  }

  pause(): void {}

  resume(): void {}

  ping(): void {
    this.#link.pong()
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason)
  }

  terminate(): void {
    this.#link.cut()
  }
}

function payloadOf(frame: Frame): string | ArrayBuffer {
  const short = (frame[1] ?? 0) & 0x7f
  const payload = frame.subarray(short === 127 ? 10 : short === 126 ? 4 : 2)
  return frame[0] === 0x81 ? payload.toString() : new Uint8Array(payload).buffer
}
