import type { Frame } from './frame.ts'
import type { Socket } from './socket.ts'
import { type FrameSource, FrameStreams } from './frame-streams.ts'

export interface OutboxLimits {
  /** Bytes that may wait, in the outbox and in the socket. */
  bytes: number
  messages: number
}

/** Bytes that one flush gives the socket, and the most unsent bytes it may hold before the outbox waits. */
const SLICE = 256 * 1024
const HIGH_WATER = 1024 * 1024

/** Flushes every outbox with new frames once a tick. */
export class OutboxFlusher {
  #dirty = new Set<Outbox>()

  add(outbox: Outbox): void {
    if (this.#dirty.size === 0) setImmediate(() => this.#flush())
    this.#dirty.add(outbox)
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = new Set()
    for (const outbox of dirty) outbox.flush()
  }
}

/**
 * The frames for one client, in order. Bounded: a client that does not read overflows only its own outbox. A long
 * response is a source whose frames are taken one at a time as the socket drains.
 */
export class Outbox {
  readonly #socket: Socket
  readonly #flusher: OutboxFlusher
  readonly #limits: OutboxLimits
  readonly #overflow: () => void
  #frames: Frame[] = []
  #bytes = 0
  #streams: FrameStreams | undefined
  #closed = false
  #flushed: (() => void)[] | undefined

  constructor(socket: Socket, flusher: OutboxFlusher, limits: OutboxLimits, overflow: () => void) {
    this.#socket = socket
    this.#flusher = flusher
    this.#limits = limits
    this.#overflow = overflow
  }

  get messages(): number {
    return this.#frames.length
  }

  /** Bytes that wait, in the outbox and in the socket. */
  get bytes(): number {
    return this.#bytes + this.#socket.buffered
  }

  send(frame: Frame): void {
    if (this.#closed) return
    this.#frames.push(frame)
    this.#bytes += frame.length
    const { bytes, messages } = this.#limits
    if (this.#frames.length > messages || this.bytes > bytes) this.#overflow()
    else this.#flusher.add(this)
  }

  /** Sends the frames of a source one at a time, between others, as fast as the client reads. */
  sendAll(source: FrameSource): void {
    if (this.#closed) {
      source.close()
      return
    }
    this.#streams ??= new FrameStreams(() => this.#flusher.add(this))
    this.#streams.add(source)
    this.#flusher.add(this)
  }

  /** Writes waiting frames as far as the socket has room; the socket's drain continues. */
  flush(): void {
    if (this.#closed) return
    let room = HIGH_WATER - this.#socket.buffered
    const batch = this.#take(Math.min(room, SLICE))
    if (batch.length > 0) this.#socket.write(batch)
    room = HIGH_WATER - this.#socket.buffered
    if (this.#streams?.size === 0) this.#streams = undefined
    if (!this.#pending) this.#settle()
    else if (room > 0 && this.#isReady) this.#flusher.add(this)
  }

  /** Resolves once the socket has all frames, or the outbox is closed. */
  async flushed(): Promise<void> {
    if (this.#closed || !this.#pending) return
    await new Promise<void>((resolve) => (this.#flushed ??= []).push(resolve))
  }

  /** Writes the frames that are ready and discards the rest. */
  close(): void {
    if (this.#closed) return
    if (this.#frames.length > 0) this.#socket.write(this.#frames)
    this.discard()
  }

  /** Discards all waiting frames. */
  discard(): void {
    this.#closed = true
    this.#streams?.close()
    this.#streams = undefined
    this.#frames = []
    this.#settle()
  }

  get #pending(): boolean {
    return this.#frames.length > 0 || this.#streams !== undefined
  }

  get #isReady(): boolean {
    return this.#frames.length > 0 || this.#streams?.isReady === true
  }

  #settle(): void {
    for (const resolve of this.#flushed?.splice(0) ?? []) resolve()
  }

  #take(room: number): Frame[] {
    if (room <= 0) return []
    let taken = 0
    let size = 0
    while (taken < this.#frames.length && size < room) size += this.#frames[taken++]?.length ?? 0
    const batch = taken === this.#frames.length ? this.#frames : this.#frames.slice(0, taken)
    this.#frames = taken === this.#frames.length ? [] : this.#frames.slice(taken)
    this.#bytes -= size
    while (size < room && this.#streams !== undefined) {
      const frame = this.#streams.take()
      if (frame === undefined) break
      batch.push(frame)
      size += frame.length
    }
    return batch
  }
}
