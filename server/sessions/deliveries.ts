import type { Caller } from '../../pipeline/caller.ts'
import type { Push } from '../../pipeline/push.ts'
import { PushFrames } from './push-frames.ts'

/** What was committed, as frames for each who may hear of it: made once for all who get the same. */
export class Deliveries {
  readonly #pushes: readonly Push[]
  readonly #mayReceive: (caller: Caller, push: Push) => boolean
  /** By which of the pushes they hold. */
  readonly #frames = new Map<string, PushFrames | undefined>()
  readonly #byAccount = new Map<string, PushFrames | undefined>()
  readonly #forEveryone: PushFrames | undefined

  constructor(pushes: readonly Push[], mayReceive: (caller: Caller, push: Push) => boolean) {
    this.#pushes = pushes
    this.#mayReceive = mayReceive
    const isOpen = pushes.every(({ audience }) => audience === undefined)
    this.#forEveryone = isOpen ? new PushFrames(pushes.map(({ tx }) => tx)) : undefined
  }

  for(caller: Caller): PushFrames | undefined {
    if (this.#forEveryone !== undefined) return this.#forEveryone
    const key = `${caller.system}/${caller.admin}/${caller.account}`
    if (!this.#byAccount.has(key)) this.#byAccount.set(key, this.#select(caller))
    return this.#byAccount.get(key)
  }

  #select(caller: Caller): PushFrames | undefined {
    const visible = this.#pushes.filter(
      (push) => push.audience === undefined || this.#mayReceive(caller, push),
    )
    const key = visible.map((push) => this.#pushes.indexOf(push)).join()
    if (!this.#frames.has(key)) {
      this.#frames.set(key, visible.length === 0 ? undefined : new PushFrames(visible.map(({ tx }) => tx)))
    }
    return this.#frames.get(key)
  }
}
