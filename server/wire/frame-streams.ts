import type { Frame } from './frame.ts'

/** Frames that the long responses of one connection await at once. */
const MAX_AWAITED = 4

/** The frames of a long response, encoded or read one at a time. */
export interface FrameSource {
  /** The next frame, `undefined` after the last. Not called while its last promise is pending. Never rejects. */
  next: () => Frame | undefined | Promise<Frame | undefined>
  /** No more frames will be requested. Called once. */
  close: () => void
}

/** A long response, and its next frame when that was read before its turn. */
interface Stream {
  source: FrameSource
  frame: Frame | undefined
}

/** The long responses of one connection, which take turns. One that waits for storage delays no other. */
export class FrameStreams {
  readonly #ready: () => void
  readonly #turns: Stream[] = []
  readonly #awaited = new Set<Stream>()
  #closed = false

  /** @param ready called when an awaited frame has arrived, or has failed */
  constructor(ready: () => void) {
    this.#ready = ready
  }

  get size(): number {
    return this.#turns.length + this.#awaited.size
  }

  /** Whether a frame is ready, or can be requested. */
  get isReady(): boolean {
    return this.#mayAwait ? this.#turns.length > 0 : this.#turns.some(({ frame }) => frame !== undefined)
  }

  add(source: FrameSource): void {
    this.#turns.push({ source, frame: undefined })
  }

  /** The next frame of the response whose turn it is; `undefined` when all of them wait for storage. */
  take(): Frame | undefined {
    for (let turns = this.#turns.length; turns > 0; turns--) {
      const stream = this.#turns.shift()
      const frame = stream && this.#takeFrom(stream)
      if (frame !== undefined) return frame
    }
    return undefined
  }

  close(): void {
    this.#closed = true
    for (const { source } of [...this.#turns.splice(0), ...this.#awaited]) source.close()
    this.#awaited.clear()
  }

  get #mayAwait(): boolean {
    return this.#awaited.size < MAX_AWAITED
  }

  #takeFrom(stream: Stream): Frame | undefined {
    const { source, frame } = stream
    if (frame === undefined && !this.#mayAwait) {
      this.#turns.push(stream)
      return undefined
    }
    const next = frame ?? source.next()
    stream.frame = undefined
    if (next instanceof Promise) void this.#await(stream, next)
    else if (next === undefined) source.close()
    else this.#turns.push(stream)
    return next instanceof Promise ? undefined : next
  }

  async #await(stream: Stream, next: Promise<Frame | undefined>): Promise<void> {
    this.#awaited.add(stream)
    const frame = await next
    if (this.#closed) return
    this.#awaited.delete(stream)
    if (frame === undefined) stream.source.close()
    else this.#turns.push({ ...stream, frame })
    this.#ready()
  }
}
