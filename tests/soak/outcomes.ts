import { expect } from 'expect'
import { ClientError } from '../../client/runtime/errors.ts'
import { StatusError } from '../../model/status.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx, TxRemoveDoc } from '../../model/transactions.ts'
import { loggedIds } from '../crash/transactions.ts'
import { RawError } from '../support/raw-client.ts'
import { creationOf, OWN } from './random-work.ts'

/**
 * The outcome of a transaction: acknowledged (`committed`), refused (`refused`), given up before it was sent (`unsent`)
 * or after (`uncertain`), or left to the store of a client that has ended (`kept`).
 */
type Outcome = 'pending' | 'committed' | 'refused' | 'unsent' | 'uncertain' | 'kept'

interface Sent {
  tx: Tx
  outcome: Outcome
  /** The reason for the missing response. */
  reason?: unknown
}

/** All sent transactions, and their outcomes. */
export class Outcomes {
  readonly #sent = new Map<string, Sent>()

  /** Records the outcome of a transaction. Never fails. */
  async note(tx: Tx, sending: Promise<unknown>): Promise<void> {
    const entry: Sent = { tx, outcome: 'pending' }
    this.#sent.set(tx._id, entry)
    try {
      const result = (await sending) as { success?: boolean } | undefined
      entry.outcome = result?.success === false ? 'refused' : 'committed'
    } catch (error) {
      entry.outcome = outcomeOf(error)
      entry.reason = error
    }
  }

  /** A client has ended, and its store does not hold these unfinished ones. */
  notKept(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#sent.get(id)
      if (entry?.outcome === 'kept') entry.outcome = 'uncertain'
    }
  }

  /** A stored transaction was refused in a later run of its client. */
  refused(id: string): void {
    const entry = this.#sent.get(id)
    if (entry?.outcome === 'kept') entry.outcome = 'refused'
  }

  get counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { outcome } of this.#sent.values()) counts[outcome] = (counts[outcome] ?? 0) + 1
    return counts
  }

  get pending(): string[] {
    return [...this.#sent.values()].filter(({ outcome }) => outcome === 'pending').map(({ tx }) => tx._id)
  }

  /** Compares with the ids of the log: acknowledged ones exist once, and refused or unsent ones do not exist. */
  check(logged: readonly string[]): void {
    const ids = new Set(logged)
    // A transaction is in the log twice.
    expect(ids.size).toBe(logged.length)
    const flaws: string[] = []
    for (const { tx, outcome, reason } of this.#sent.values()) {
      const why = `${tx._class} ${tx._id} is ${outcome} (${String(reason)})`
      const there = loggedIds(tx).filter((id) => ids.has(id)).length
      if (there > 0 && there < loggedIds(tx).length) flaws.push(`half of ${tx._id} is there`)
      if (mustBeThere.has(outcome) && there === 0 && !isWithoutEffect(tx, outcome, ids))
        flaws.push(`${why}, and not there`)
      if (mustNotBeThere.has(outcome) && there > 0) flaws.push(`${why}, and there`)
    }
    expect(flaws).toStrictEqual([])
  }
}

const mustBeThere: ReadonlySet<Outcome> = new Set(['committed', 'kept'])
const mustNotBeThere: ReadonlySet<Outcome> = new Set(['refused', 'unsent'])

/**
 * The removal of a document that does not exist, or may be hidden from the caller, is acknowledged and changes nothing.
 */
function isWithoutEffect(tx: Tx, outcome: Outcome, ids: ReadonlySet<string>): boolean {
  // The result of a stored apply-if is not waited for.
  if (tx._class === core.class.TxApplyIf) return outcome === 'kept'
  if (tx._class !== core.class.TxRemoveDoc) return false
  const { objectId, objectSpace } = tx as TxRemoveDoc
  return objectSpace === OWN || !ids.has(creationOf(objectId))
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof StatusError || error instanceof RawError)
    return error.status.code === 'platform:status:Unavailable' ? 'uncertain' : 'refused'
  if (!(error instanceof ClientError)) throw error
  if (error.code === 'terminated') return 'kept'
  return error.code === 'uncertain' ? 'uncertain' : 'unsent'
}
