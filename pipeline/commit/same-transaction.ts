import type { Doc } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { innerChange, isChange } from '../../model/inner-change.ts'
import { canonicalJson } from '../../model/hash-chain.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Work } from './commit-step.ts'

/**
 * Checks that a transaction with a known `_id` equals the one committed under it, apart from additions and
 * corrections by the server.
 * @throws StatusError TransactionIdReused
 */
export async function assertSameTransaction(work: Work, { storage }: Workspace, tx: Tx): Promise<void> {
  const sent = tx._class === 'core:class:TxApplyIf' ? tx.txes : [tx]
  const logged = new Map<string, Doc>()
  for (const { _id } of sent) {
    const entry = work.state.entryOf(_id)
    if (entry !== undefined) logged.set(_id, entry.tx)
  }
  const missing = sent.map(({ _id }) => _id).filter((id) => !logged.has(id))
  if (missing.length > 0) {
    const plan = plainPlan(domains.tx, { op: 'in', path: ['_id'], values: missing })
    for (const found of await storage.find(plan)) logged.set(found._id, found)
  }
  if (logged.size === 0 || !sent.every((each) => isSame(each, logged.get(each._id)))) throw reused(tx._id)
}

function isSame(sent: Tx, logged: Doc | undefined): boolean {
  // The removal of an absent document is not logged.
  if (logged === undefined) return isRemoval(sent)
  if (!isChange(sent) || !isChange(logged) || sent._class !== logged._class) return false
  if (sent.objectId !== logged.objectId || sent.modifiedBy !== logged.modifiedBy) return false
  switch (sent._class) {
    case 'core:class:TxCreateDoc':
      return logged._class === sent._class && isPart(sent.attributes, logged.attributes)
    case 'core:class:TxUpdateDoc':
      return logged._class === sent._class && isEqual(sent.operations, logged.operations)
    case 'core:class:TxMixin':
      if (logged._class !== sent._class || sent.mixin !== logged.mixin) return false
      return isEqual(sent.attributes, logged.attributes)
    case 'core:class:TxCollectionCUD':
      if (logged._class !== sent._class || sent.collection !== logged.collection) return false
      return isSame(sent.tx, logged.tx)
    case 'core:class:TxRemoveDoc':
      return true
  }
}

function isRemoval(tx: Tx): boolean {
  return isChange(tx) && innerChange(tx)._class === 'core:class:TxRemoveDoc'
}

/** Compares only the sent attributes: the server added defaults. */
function isPart(sent: Record<string, unknown>, logged: Record<string, unknown>): boolean {
  return Object.entries(sent).every(([name, value]) => value === undefined || isEqual(value, logged[name]))
}

function isEqual(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

export function reused(_id: string): StatusError {
  return new StatusError('core:status:TransactionIdReused', { _id })
}
