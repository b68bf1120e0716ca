import { core, domains } from '../../model/identifiers.ts'
import { canonicalJson } from '../../model/hash-chain.ts'
import { StatusError } from '../../model/status.ts'
import type {
  Tx,
  TxApplyIf,
  TxCollectionCUD,
  TxCreateDoc,
  TxCUD,
  TxMixin,
  TxUpdateDoc,
} from '../../model/transactions.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Work } from './commit-step.ts'

/**
 * Whether a transaction whose `_id` is known is the one that was committed under it. What the server added or
 * corrected makes no difference.
 * @throws StatusError TransactionIdReused
 */
export async function assertSentAgain(work: Work, { storage }: Workspace, tx: Tx): Promise<void> {
  const sent = tx._class === core.class.TxApplyIf ? (tx as TxApplyIf).txes : [tx as TxCUD]
  const logged = new Map<string, TxCUD>()
  for (const { _id } of sent) {
    const entry = work.state.entryOf(_id)
    if (entry !== undefined) logged.set(_id, entry.tx as TxCUD)
  }
  const missing = sent.map(({ _id }) => _id).filter((id) => !logged.has(id))
  if (missing.length > 0) {
    const plan = plainPlan(domains.tx, { op: 'in', path: ['_id'], values: missing })
    for (const found of await storage.find(plan)) logged.set(found._id, found as unknown as TxCUD)
  }
  if (logged.size === 0 || !sent.every((each) => isSame(each, logged.get(each._id)))) throw reused(tx._id)
}

function isSame(sent: TxCUD, logged: TxCUD | undefined): boolean {
  // A removal that had nothing to remove is not in the log.
  if (logged === undefined) return isRemoval(sent)
  if (sent._class !== logged._class) return false
  if (sent.objectId !== logged.objectId || sent.modifiedBy !== logged.modifiedBy) return false
  switch (sent._class) {
    case core.class.TxCreateDoc:
      return isPart((sent as TxCreateDoc).attributes, (logged as TxCreateDoc).attributes)
    case core.class.TxUpdateDoc:
      return isEqual((sent as TxUpdateDoc).operations, (logged as TxUpdateDoc).operations)
    case core.class.TxMixin:
      return (
        (sent as TxMixin).mixin === (logged as TxMixin).mixin &&
        isEqual((sent as TxMixin).attributes, (logged as TxMixin).attributes)
      )
    case core.class.TxCollectionCUD:
      return (
        (sent as TxCollectionCUD).collection === (logged as TxCollectionCUD).collection &&
        isSame((sent as TxCollectionCUD).tx, (logged as TxCollectionCUD).tx)
      )
    default:
      return true
  }
}

function isRemoval(tx: TxCUD): boolean {
  const { _class } = (tx as Partial<TxCollectionCUD>).tx ?? tx
  return _class === core.class.TxRemoveDoc
}

/** Defaults were filled in. */
function isPart(sent: Record<string, unknown>, logged: Record<string, unknown>): boolean {
  return Object.entries(sent).every(([name, value]) => value === undefined || isEqual(value, logged[name]))
}

function isEqual(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

export function reused(_id: string): StatusError {
  return new StatusError('core:status:TransactionIdReused', { _id })
}
