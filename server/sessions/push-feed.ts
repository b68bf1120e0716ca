import type { Frame } from '../wire/frame.ts'
import type { PushFrames } from '../wire/push-frames.ts'
import { PushPosition } from './push-position.ts'
import { ResumeBuffer } from './resume-buffer.ts'
import type { Settings } from './session-state.ts'

/** The pushes of one session: which of them are sent, and the position that each of them follows. */
export class PushFeed {
  readonly #send: (frame: Frame) => void
  readonly #position = new PushPosition()
  /** Set while the client catches up from the log. */
  #buffer: ResumeBuffer | undefined

  constructor(send: (frame: Frame) => void) {
    this.#send = send
  }

  push(frames: PushFrames, settings: Settings): void {
    if (this.#position.isEnded || !settings.broadcast) return
    if (this.#buffer === undefined) this.send(frames, settings)
    else this.#buffer.hold(frames)
  }

  /** A commit is not pushed, so nothing after it is: the next push would step over it. */
  stop(): void {
    this.#position.end()
  }

  /** The client was told its position. */
  startAt(seq: number): void {
    this.#position.set(seq)
  }

  /** Holds pushes from now on. @param limit pushes that may be held; a later call takes the place of an earlier one */
  hold(limit: number): ResumeBuffer {
    this.#buffer = new ResumeBuffer(limit)
    return this.#buffer
  }

  /** Whether pushes are held in this buffer: a later {@link hold} takes the place of an earlier one. */
  isHeldBy(buffer: ResumeBuffer): boolean {
    return this.#buffer === buffer
  }

  /** Holds pushes no longer: sends those after the position. */
  release(buffer: ResumeBuffer, seq: number, settings: Settings): void {
    this.#buffer = undefined
    for (const frames of buffer.since(seq)) this.send(frames, settings)
  }

  /** Sends a push at once. */
  send(frames: PushFrames, { protocol, format }: Settings): void {
    if (protocol === 1 || frames.seq === undefined) return this.#send(frames.frame(format))
    const follows = this.#position.advance(frames.seq)
    if (follows !== undefined) this.#send(frames.frame(format, follows.after))
  }
}
