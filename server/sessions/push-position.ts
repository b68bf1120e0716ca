/**
 * The position in the log that a session was sent last. Each push names it as the one it follows, so a client notices
 * when something was left out. A push that is left out ends pushing, as the next one would step over it.
 */
export class PushPosition {
  #sent: number | undefined
  #isEnded = false

  /** Nothing is pushed any more: a push was left out. The client has to come back and resume. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The client was told its position. */
  set(seq: number): void {
    this.#sent = seq
  }

  /** A push is left out. */
  end(): void {
    this.#isEnded = true
  }

  /**
   * The position that a push follows, which leads to `seq`.
   * @returns `undefined` when the client has received it
   */
  advance(seq: number): { after: number | undefined } | undefined {
    const after = this.#sent
    if (after !== undefined && seq <= after) return undefined
    this.#sent = seq
    return { after }
  }
}
