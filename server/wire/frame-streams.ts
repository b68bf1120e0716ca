import type { Frame } from './frame.ts'

/** Frames that one connection's long answers wait for at once. */
const MAX_AWAITED = 4

/** The frames of a long answer, made or read as they are taken. */
export interface FrameSource {
  /** The next one, `undefined` after the last. Not called before what it promised is there. Does not fail. */
  next: () => Frame | undefined | Promise<Frame | undefined>
  /** Nothing more will be taken. Called once. */
  close: () => void
}

/** A long answer, and its next frame where that is there before its turn. */
interface Stream {
  source: FrameSource
  frame: Frame | undefined
}

/** The long answers of one connection, which take turns. One that has to be waited for holds up no other. */
export class FrameStreams {
  readonly #ready: () => void
  readonly #turns: Stream[] = []
  readonly #awaited = new Set<Stream>()
  #closed = false

  /** @param ready called when a frame is there that was waited for, or will not come */
  constructor(ready: () => void) {
    this.#ready = ready
  }

  get size(): number {
    return this.#turns.length + this.#awaited.size
  }

  /** Whether there is something to take at once, or to begin waiting for. */
  get isReady(): boolean {
    return this.#mayAwait ? this.#turns.length > 0 : this.#turns.some(({ frame }) => frame !== undefined)
  }

  add(source: FrameSource): void {
    this.#turns.push({ source, frame: undefined })
  }

  /** The next frame of the answer whose turn it is; `undefined` when each has to be waited for. */
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
