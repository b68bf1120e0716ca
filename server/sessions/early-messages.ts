/** A message as it came from the socket. */
export interface Message {
  data: Buffer
  isBinary: boolean
}

/** The bytes that all sessions of a server keep before they are open. */
export class EarlyBudget {
  readonly #limit: number
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limit) return false
    this.#bytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** Messages that came before the session was open, within bounds. */
export class EarlyMessages implements Iterable<Message> {
  readonly #limits: { messages: number; bytes: number }
  readonly #budget: EarlyBudget
  readonly #messages: Message[] = []
  #bytes = 0

  constructor(limits: { messages: number; bytes: number }, budget: EarlyBudget) {
    this.#limits = limits
    this.#budget = budget
  }

  get bytes(): number {
    return this.#bytes
  }

  [Symbol.iterator](): Iterator<Message> {
    return this.#messages.values()
  }

  /** @returns `false`: it is one too many, and was not kept */
  add(message: Message): boolean {
    const { length } = message.data
    if (this.#messages.length >= this.#limits.messages || this.#bytes + length > this.#limits.bytes)
      return false
    if (!this.#budget.take(length)) return false
    this.#bytes += length
    this.#messages.push(message)
    return true
  }

  /** They were handled, or the session is over. */
  release(): void {
    this.#budget.give(this.#bytes)
    this.#bytes = 0
    this.#messages.length = 0
  }
}
