import type { Hierarchy } from '../../model/hierarchy.ts'
import { targetOf } from '../../model/apply-transaction.ts'
import { innerChange } from '../../model/inner-change.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { moduleState } from './module-state.ts'
import type { Installed, Trigger } from './trigger.ts'

const none: readonly never[] = []

/** Finds the triggers of a transaction. For most transactions one lookup shows that there are none. */
export class TriggerIndex<T extends Trigger> {
  readonly #triggers: readonly Installed<T>[]
  /** By class of document and class of transaction. */
  readonly #found = new WeakMap<Hierarchy, Map<string, readonly Installed<T>[]>>()

  constructor(triggers: readonly Installed<T>[]) {
    this.#triggers = triggers
  }

  get isEmpty(): boolean {
    return this.#triggers.length === 0
  }

  /** In the order of modules and of declaration. */
  matching(hierarchy: Hierarchy, tx: TxCUD): readonly Installed<T>[] {
    if (!('objectClass' in tx)) return none
    const { _class } = targetOf(tx)
    const change = innerChange(tx)
    const shown = change._class === 'core:class:TxMixin' ? change.mixin : _class
    const found = this.#foundIn(hierarchy)
    const key = `${_class} ${shown} ${change._class}`
    let triggers = found.get(key)
    if (triggers === undefined) {
      triggers = this.#triggers.filter((each) => matches(hierarchy, each, [_class, shown], change._class))
      found.set(key, triggers)
    }
    return triggers
  }

  #foundIn(hierarchy: Hierarchy): Map<string, readonly Installed<T>[]> {
    let found = this.#found.get(hierarchy)
    if (found === undefined) this.#found.set(hierarchy, (found = new Map()))
    return found
  }
}

/** The state of modules starts only triggers of the server. */
function matches(
  hierarchy: Hierarchy,
  { on: { classes, transactions }, isOfState }: Installed,
  shown: readonly string[],
  change: string,
): boolean {
  if (transactions?.some((each) => each === change) === false) return false
  const state = moduleState.class.State
  if (shown.some((_class) => hierarchy.isDerived(_class, state)) && isOfState !== true) return false
  return classes.some((wanted) => shown.some((_class) => hierarchy.isDerived(_class, wanted)))
}
