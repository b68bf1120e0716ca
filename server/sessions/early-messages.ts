/** A message as it came from the socket. */
export interface Message {
  data: Buffer
  isBinary: boolean
}

/** Messages that came before the session was open, within bounds. */
export class EarlyMessages implements Iterable<Message> {
  readonly #limits: { messages: number; bytes: number }
  readonly #messages: Message[] = []
  #bytes = 0

  constructor(limits: { messages: number; bytes: number }) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  [Symbol.iterator](): Iterator<Message> {
    return this.#messages.values()
  }

  /** @returns `false`: it is one too many, and was not kept */
  add(message: Message): boolean {
    this.#bytes += message.data.length
    if (this.#messages.length >= this.#limits.messages || this.#bytes > this.#limits.bytes) return false
    this.#messages.push(message)
    return true
  }
}
