/** Whether a socket is read: not while anything has closed the gate. */
export class ReadGate {
  readonly #read: (isRead: boolean) => void
  #closed = 0

  constructor(read: (isRead: boolean) => void) {
    this.#read = read
  }

  close(): void {
    this.#closed += 1
    if (this.#closed === 1) this.#read(false)
  }

  /** Called once for each {@link close}. */
  open(): void {
    this.#closed -= 1
    if (this.#closed === 0) this.#read(true)
  }
}
