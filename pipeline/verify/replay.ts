import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'

/** The documents of a domain that result from the log. */
export interface ReplayedDomain {
  documents: ReadonlyMap<string, Doc>
  /** Whether the document may exist without being in the log, because it was restored. */
  mayHold: (id: string) => boolean
}

interface State {
  documents: Map<string, Doc>
  /** Ids removed by the log since the start of the history. */
  removed: Set<string>
}

/** Replays a log entry by entry. */
export class Replay {
  readonly flaws: string[] = []
  entries = 0
  readonly #hierarchy: Hierarchy
  readonly #seen = new Set<string>()
  readonly #states = new Map<Domain, State>()
  #beginsLater = false

  constructor(hierarchy: Hierarchy) {
    this.#hierarchy = hierarchy
    for (const domain of hierarchy.domains().keys())
      if (isStoredDomain(domain)) this.#states.set(domain, { documents: new Map(), removed: new Set() })
  }

  domains(): Domain[] {
    return [...this.#states.keys()]
  }

  domain(domain: Domain): ReplayedDomain {
    const { documents, removed } = this.#states.get(domain) ?? { documents: new Map(), removed: new Set() }
    return { documents, mayHold: (id) => this.#beginsLater && !removed.has(id) }
  }

  /** Documents were restored here, and the log does not contain them. */
  beginAnew(): void {
    this.#beginsLater = true
    for (const { documents, removed } of this.#states.values()) {
      documents.clear()
      removed.clear()
    }
  }

  take(seq: number, expected: number, tx: TxCUD): void {
    this.entries += 1
    if (seq !== expected) this.flaws.push(`entry ${expected} is followed by ${seq}`)
    if (this.#seen.has(tx._id)) this.flaws.push(`transaction ${tx._id} is there twice`)
    this.#seen.add(tx._id)
    const { _id, _class } = targetOf(tx)
    const isKnown = this.#hierarchy.findClass(_class) !== undefined
    const domain = isKnown ? this.#hierarchy.domainOf(_class) : undefined
    const state = domain === undefined ? undefined : this.#states.get(domain)
    if (state !== undefined) this.#apply(state, _id, { seq, tx })
  }

  #apply({ documents, removed }: State, id: string, { seq, tx }: { seq: number; tx: TxCUD }): void {
    try {
      const after = applyTransaction(documents.get(id), tx)
      if (after !== undefined) {
        documents.set(id, after)
        return
      }
      documents.delete(id)
      removed.add(id)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      // The prior state of a restored document is unknown.
      if (!this.#beginsLater || documents.has(id))
        this.flaws.push(`entry ${seq} cannot be applied to ${id}: ${error.status.code}`)
    }
  }
}
