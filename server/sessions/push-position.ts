/**
 * Which position in the log a session was told last. Each push names it as the one it follows, so that a client knows
 * when something was left out; and what was left out ends pushing, as the next push would step over it.
 */
export class PushPosition {
  #told: number | undefined
  #isEnded = false

  /** Nothing is pushed any more: something was left out. The session has to come back and resume. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The client was told where it is. */
  set(seq: number): void {
    this.#told = seq
  }

  /** Something is not pushed to the session. */
  end(): void {
    this.#isEnded = true
  }

  /**
   * The position that a push follows, which leads to `seq`.
   * @returns `undefined` where the client has had it
   */
  advance(seq: number): { after: number | undefined } | undefined {
    const after = this.#told
    if (after !== undefined && seq <= after) return undefined
    this.#told = seq
    return { after }
  }
}
