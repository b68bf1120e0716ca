import type { Frame } from '../wire/frame.ts'
import type { FrameSource } from '../wire/frame-streams.ts'
import { Outbox } from '../wire/outbox.ts'
import type { Socket } from '../wire/socket.ts'
import { Liveness } from './liveness.ts'
import { Reading } from './reading.ts'
import type { SentKind, SessionMetrics, SessionServices } from './session-services.ts'
import type { Reason } from './session-state.ts'

/** Bytes that may wait before a stream waits too. */
const ROOMY = 256 * 1024

/** The connection of a session: what is written to it, whether it is read, and the signs of life of its peer. */
export class ClientLine {
  readonly liveness: Liveness
  readonly reading: Reading
  readonly #socket: Socket
  readonly #outbox: Outbox
  readonly #metrics: Pick<SessionMetrics, 'sent'>

  /** @param overflow called when more waits for the client than may */
  constructor(socket: Socket, services: SessionServices, overflow: () => void) {
    const { flusher, limits, metrics, schedule } = services
    this.#socket = socket
    this.#metrics = metrics
    this.liveness = new Liveness(socket)
    this.reading = new Reading({ read: (isRead) => this.#read(isRead), schedule })
    this.#outbox = new Outbox(socket, flusher, limits.outbox, overflow)
  }

  get outboxMessages(): number {
    return this.#outbox.messages
  }

  /** Bytes that wait for the client, and of a message of which the rest has not arrived. */
  get bytes(): number {
    return this.#outbox.bytes + this.#socket.unfinished
  }

  /** Whether a part of a message has arrived. */
  get isAmidMessage(): boolean {
    return this.#socket.unfinished > 0
  }

  send(frame: Frame, kind: SentKind): void {
    this.#metrics.sent(kind, frame.length)
    this.#outbox.send(frame)
  }

  sendAll(source: FrameSource): void {
    this.#outbox.sendAll(source)
  }

  /** Resolves when the client has taken most of what was sent, or the line is over. */
  async room(): Promise<void> {
    if (this.#outbox.bytes > ROOMY) await this.#outbox.flushed()
  }

  /** The socket has room again. */
  flush(): void {
    this.#outbox.flush()
  }

  ping(): void {
    this.#socket.ping()
  }

  /** Writes what is ready, then begins the closing handshake. */
  close({ code, reason }: Reason): void {
    this.#outbox.close()
    this.#socket.close(code, reason)
  }

  /** Drops what waits; nothing is sent any more. */
  discard(): void {
    this.#outbox.discard()
  }

  terminate(): void {
    this.#outbox.discard()
    this.#socket.terminate()
  }

  /** The session is over: the socket is read for its closing handshake only. */
  over(): void {
    this.liveness.over()
    this.reading.over()
  }

  #read(isRead: boolean): void {
    if (isRead) this.#socket.resume()
    else this.#socket.pause()
    this.liveness.reads(isRead)
  }
}
