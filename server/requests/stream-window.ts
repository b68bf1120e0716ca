/** The values of a stream that may be sent before the client asks for more. */
export class StreamWindow {
  #credit: number
  #isOver = false
  #wake: (() => void) | undefined

  constructor(credit: number) {
    this.#credit = credit
  }

  /** The client takes so many more. */
  add(credit: number): void {
    this.#credit += credit
    this.#wake?.()
  }

  /** Nobody takes any more. */
  end(): void {
    this.#isOver = true
    this.#wake?.()
  }

  /** Resolves when a value may be sent, or the stream is over. One call at a time. */
  async take(): Promise<void> {
    while (this.#credit === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#credit -= 1
  }
}
