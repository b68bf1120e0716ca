import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Session } from '../sessions/session.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

/** Tells clients that the model is about to change, before their sockets are closed. */
export class Eviction {
  readonly #wheel: TimerWheel
  readonly #notice: number
  readonly #unaware = new Set<Session>()
  #noticeDone: (() => void) | undefined

  /** @param notice milliseconds clients have to acknowledge it */
  constructor(wheel: TimerWheel, notice: number) {
    this.#wheel = wheel
    this.#notice = notice
  }

  /** Resolves when all have acknowledged it, are gone, or had their time. */
  async warn(sessions: Iterable<Session>): Promise<void> {
    for (const session of sessions) {
      this.#unaware.add(session)
      session.signal({ result: modelUpgrade })
    }
    if (this.#unaware.size > 0) await this.#acknowledged()
    this.#unaware.clear()
  }

  /** A client knows, or is gone. */
  acknowledge(session: Session): void {
    if (this.#unaware.delete(session) && this.#unaware.size === 0) this.#noticeDone?.()
  }

  async #acknowledged(): Promise<void> {
    let cancel: Cancel = () => undefined
    await new Promise<void>((resolve) => {
      this.#noticeDone = resolve
      cancel = this.#wheel.schedule(this.#notice, resolve)
    })
    cancel()
    this.#noticeDone = undefined
  }
}

const modelUpgrade: Pick<Tx, '_class'> = { _class: core.class.TxModelUpgrade }
