import type { Frame } from '../transport/frame.ts'
import type { Socket } from '../transport/socket.ts'

export interface OutboxLimits {
  /** Bytes that may wait, in the outbox and in the socket. */
  bytes: number
  messages: number
}

/** Bytes handed to the socket in one flush, and the most it may hold unsent before the outbox waits. */
const SLICE = 256 * 1024
const HIGH_WATER = 1024 * 1024

/** Flushes, once a tick, every outbox in which something gathered. */
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
 * What is to be sent to one client, in order. Bounded: a client that does not read overflows its own outbox
 * and nobody else's. Long answers come as an iterator, and are taken part by part as the socket drains.
 */
export class Outbox {
  readonly #socket: Socket
  readonly #flusher: OutboxFlusher
  readonly #limits: OutboxLimits
  readonly #overflow: () => void
  #frames: Frame[] = []
  #bytes = 0
  #streams: Iterator<Frame>[] | undefined
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

  send(frame: Frame): void {
    if (this.#closed) return
    this.#frames.push(frame)
    this.#bytes += frame.length
    const { bytes, messages } = this.#limits
    if (this.#frames.length > messages || this.#bytes + this.#socket.buffered > bytes) this.#overflow()
    else this.#flusher.add(this)
  }

  /** Sends the frames one after another, others between them, no faster than the client reads. */
  sendAll(frames: Iterator<Frame>): void {
    if (this.#closed) return
    this.#streams ??= []
    this.#streams.push(frames)
    this.#flusher.add(this)
  }

  /** Writes what waits, as far as the socket takes it; the socket's drain goes on. */
  flush(): void {
    if (this.#closed) return
    let room = HIGH_WATER - this.#socket.buffered
    const batch = this.#take(Math.min(room, SLICE))
    if (batch.length > 0) this.#socket.write(batch)
    room = HIGH_WATER - this.#socket.buffered
    if (!this.#pending) this.#settle()
    else if (room > 0) this.#flusher.add(this)
  }

  /** Resolves once all that was sent has been handed to the socket, or the outbox is closed. */
  async flushed(): Promise<void> {
    if (this.#closed || !this.#pending) return
    await new Promise<void>((resolve) => (this.#flushed ??= []).push(resolve))
  }

  /** Writes what is ready and forgets the rest. */
  close(): void {
    if (this.#closed) return
    if (this.#frames.length > 0) this.#socket.write(this.#frames)
    this.discard()
  }

  /** Forgets all that waits. */
  discard(): void {
    this.#closed = true
    for (const stream of this.#streams ?? []) stream.return?.()
    this.#streams = undefined
    this.#frames = []
    this.#settle()
  }

  get #pending(): boolean {
    return this.#frames.length > 0 || (this.#streams?.length ?? 0) > 0
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
    while (size < room && this.#streams !== undefined) size += this.#takePart(batch)
    return batch
  }

  /** The next part of the stream whose turn it is. */
  #takePart(batch: Frame[]): number {
    const stream = this.#streams?.shift()
    if (stream === undefined) {
      this.#streams = undefined
      return 0
    }
    const { done, value } = stream.next()
    if (done === true) return 0
    this.#streams?.push(stream)
    batch.push(value)
    return value.length
  }
}
