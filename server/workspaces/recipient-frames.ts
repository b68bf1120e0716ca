import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Push } from '../../pipeline/push/push.ts'
import { PushFrames } from '../wire/push-frames.ts'

/** Who gets a push: an account, and the protocol that the session speaks. */
export interface Recipient {
  caller: Caller
  protocol: 1 | 2
}

/** The pushes of a commit as frames for each recipient, made once for all recipients who get the same pushes. */
export class RecipientFrames {
  readonly #pushes: readonly Push[]
  readonly #mayReceive: (caller: Caller, push: Push) => boolean
  /** By which of the pushes they hold. */
  readonly #frames = new Map<string, PushFrames | undefined>()
  readonly #byAccount = new Map<string, PushFrames | undefined>()
  readonly #forEveryone: PushFrames | undefined
  readonly #seq: number | undefined

  constructor(pushes: readonly Push[], mayReceive: (caller: Caller, push: Push) => boolean) {
    this.#pushes = pushes
    this.#mayReceive = mayReceive
    this.#seq = pushes.findLast(({ seq }) => seq !== undefined)?.seq
    const isOpen = pushes.every(({ audience, isSilent }) => audience === undefined && isSilent !== true)
    this.#forEveryone = isOpen ? this.#framesOf(pushes) : undefined
  }

  /** @returns `undefined` when none of the pushes is for the recipient */
  for(recipient: Recipient): PushFrames | undefined {
    if (this.#forEveryone !== undefined) return this.#forEveryone
    const { caller, protocol } = recipient
    const key = `${protocol}/${caller.system}/${caller.admin}/${caller.account}`
    if (!this.#byAccount.has(key)) this.#byAccount.set(key, this.#select(recipient))
    return this.#byAccount.get(key)
  }

  #select({ caller, protocol }: Recipient): PushFrames | undefined {
    const visible = this.#pushes.filter(
      (push) =>
        (push.audience === undefined || this.#mayReceive(caller, push)) &&
        (protocol === 2 || push.isSilent !== true),
    )
    const key = visible.map((push) => this.#pushes.indexOf(push)).join()
    if (!this.#frames.has(key)) {
      this.#frames.set(key, visible.length === 0 ? undefined : this.#framesOf(visible))
    }
    return this.#frames.get(key)
  }

  #framesOf(pushes: readonly Push[]): PushFrames {
    const txes = pushes.map(({ tx }) => tx)
    return new PushFrames(txes, this.#seq)
  }
}
