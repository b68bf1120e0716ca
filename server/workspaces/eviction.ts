import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import type { WorkspaceMember } from './workspace-member.ts'

/** Warns clients that the model is about to change, before their connections are closed. */
export class Eviction {
  readonly #members: Iterable<WorkspaceMember>
  readonly #wheel: TimerWheel
  readonly #notice: number
  /** Clients that have not acknowledged the warning. */
  readonly #unaware = new Set<WorkspaceMember>()
  #noticeDone: (() => void) | undefined

  /** @param notice milliseconds that clients have to acknowledge the warning */
  constructor(members: Iterable<WorkspaceMember>, wheel: TimerWheel, notice: number) {
    this.#members = members
    this.#wheel = wheel
    this.#notice = notice
  }

  /** Resolves when all members but `except` have acknowledged the warning, are gone, or have had their time. */
  async warn(except?: WorkspaceMember): Promise<void> {
    for (const member of this.#members) {
      if (member === except) continue
      this.#unaware.add(member)
      member.signal({ result: modelUpgrade })
    }
    if (this.#unaware.size > 0) await this.#acknowledged()
    this.#unaware.clear()
  }

  /** A client has acknowledged the warning, or is gone. */
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
