import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { WorkspaceMember } from './workspace-member.ts'

/** Tells clients that the model is about to change, before their sockets are closed. */
export class Eviction {
  readonly #wheel: TimerWheel
  readonly #notice: number
  readonly #unaware = new Set<WorkspaceMember>()
  #noticeDone: (() => void) | undefined

  /** @param notice milliseconds clients have to acknowledge it */
  constructor(wheel: TimerWheel, notice: number) {
    this.#wheel = wheel
    this.#notice = notice
  }

  /** Resolves when all have acknowledged it, are gone, or had their time. */
  async warn(members: Iterable<WorkspaceMember>): Promise<void> {
    for (const member of members) {
      this.#unaware.add(member)
      member.signal({ result: modelUpgrade })
    }
    if (this.#unaware.size > 0) await this.#acknowledged()
    this.#unaware.clear()
  }

  /** A client knows, or is gone. */
  acknowledge(member: WorkspaceMember): void {
    if (this.#unaware.delete(member) && this.#unaware.size === 0) this.#noticeDone?.()
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
