import type { Turns } from '../../pipeline/shared/turns.ts'
import type { Message } from './early-messages.ts'
import type { Reading } from './reading.ts'

/** Messages and bytes of one session that wait for their turn. At more, its socket is not read. */
const MOST_MESSAGES = 64
const MOST_BYTES = 1024 * 1024

export interface InboxParts {
  workspace: string
  turns: Turns
  reading: Reading
  handle: (message: Message) => void
}

/** The messages of one session that wait for their turn of the event loop, in order. */
export class Inbox {
  readonly #parts: InboxParts
  #messages = 0
  #bytes = 0
  #isFull = false

  constructor(parts: InboxParts) {
    this.#parts = parts
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Handles the message now or in its turn. */
  add(message: Message): void {
    const { workspace, turns, handle } = this.#parts
    if (this.#messages === 0 && turns.isFree) return handle(message)
    this.#messages += 1
    this.#bytes += message.data.length
    turns.add(workspace, this, () => this.#take(message))
    this.#look()
  }

  /** Drops what waits. */
  clear(): void {
    const { workspace, turns } = this.#parts
    turns.forget(workspace, this)
    this.#messages = 0
    this.#bytes = 0
    this.#look()
  }

  #take(message: Message): void {
    this.#messages -= 1
    this.#bytes -= message.data.length
    this.#look()
    this.#parts.handle(message)
  }

  #look(): void {
    const isFull = this.#messages >= MOST_MESSAGES || this.#bytes >= MOST_BYTES
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    if (isFull) this.#parts.reading.stop('turn')
    else this.#parts.reading.go('turn')
  }
}
