import { targetOf } from '../../model/apply-transaction.ts'
import type { ClassId, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { domains } from '../../model/identifiers.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CommitState } from './commit-state.ts'

/**
 * Prefetches the documents that the transactions will read. Unless `asking`, their creations and they themselves are
 * assumed to be new.
 */
export async function readAhead(
  { storage }: Workspace,
  state: CommitState,
  txes: readonly Tx[],
  asking: boolean,
): Promise<void> {
  const needs = new Needs(state, asking)
  for (const tx of txes) needs.add(tx)
  const { requests } = needs
  const documents = needs.documents()
  if (asking) state.prefetched(await storage.prefetch({ requests, documents }))
  else if (documents.length > 0) state.prefetched({ requests: [], documents: await readAll() })
  for (const { domain, ids } of documents) state.missing(domain, ids)

  async function readAll() {
    return await Promise.all(
      documents.map(async ({ domain, ids }) => ({ domain, docs: await storage.get(domain, ids) })),
    )
  }
}

class Needs {
  readonly requests: string[] = []
  readonly #state: CommitState
  readonly #hierarchy: Hierarchy
  readonly #asking: boolean
  readonly #ids = new Map<Domain, Set<string>>()

  constructor(state: CommitState, asking: boolean) {
    this.#state = state
    this.#hierarchy = state.hierarchy
    this.#asking = asking
  }

  documents(): { domain: Domain; ids: string[] }[] {
    return [...this.#ids].map(([domain, ids]) => ({ domain, ids: [...ids] }))
  }

  add(tx: Tx): void {
    const known = this.#state.knownRequest(tx._id)
    // Copied: the group that knows the result may be settled before this transaction is staged.
    if (known !== undefined) this.#state.prefetched({ requests: [{ id: tx._id, ...known }], documents: [] })
    else if (this.#asking) this.requests.push(tx._id)
    else this.#state.assumeNew(tx._id)
    if (tx._class === 'core:class:TxApplyIf') for (const inner of tx.txes) this.add(inner)
    else if ('objectClass' in tx) this.#addTarget(tx)
  }

  #addTarget(tx: TxCUD): void {
    const { _id, _class, created } = targetOf(tx)
    this.#need(_class, _id, created)
    if (tx._class === 'core:class:TxCollectionCUD') this.#need(tx.objectClass, tx.objectId, false)
  }

  #need(_class: ClassId, id: string, created: boolean): void {
    const domain =
      this.#hierarchy.findClass(_class) === undefined ? undefined : this.#hierarchy.domainOf(_class)
    if (domain === undefined || domain === domains.model || domain === domains.transient) return
    if (this.#state.peek(domain, id) !== undefined) return
    if (created && !this.#asking) {
      this.#state.assumeAbsent(domain, id)
      return
    }
    const ids = this.#ids.get(domain)
    if (ids === undefined) this.#ids.set(domain, new Set([id]))
    else ids.add(id)
  }
}
