import { applyTransaction, targetOf } from '../../../model/apply-transaction.ts'
import type { ClassId, Doc } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { innerChange } from '../../../model/inner-change.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import { refuseHashField } from '../../shared/hash-field.ts'
import { isEmpty } from '../../push/account-set.ts'
import { securityPush } from '../../workspace/security-events.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { AppliedChange, ChangeStep, Work } from '../commit-step.ts'

/** Computes the new document, appends the transaction to the log, and stages the push. */
export const applyToDocument: ChangeStep = (_next, workspace) =>
  async function applyToDocument(work, tx) {
    const { _id, _class } = targetOf(tx)
    const domain = storedDomain(work.state.hierarchy, _class)
    const known = work.state.peek(domain, _id)
    const before = known === undefined ? await work.state.get(domain, _id) : known.doc
    let change = tx
    if ((domain === domains.model) !== (change.objectSpace === core.space.Model)) throw misplaced(_class)
    const after = applyTransaction(before, change, work.meter)
    // Otherwise no later transaction could change the document.
    if (after !== undefined && (domain === domains.model) !== (after.space === core.space.Model))
      throw misplaced(_class)
    refuseHashField(change, { before, after })
    change = withCreator(work.state.hierarchy, change, after ?? before)
    if (domain === domains.model) work.state.stageModel(change, { before, after })
    work.state.stage(domain, _id, after)
    const seq = domain === domains.transient ? undefined : work.state.log(change, work.request)
    const applied = { tx: change, before, after }
    stagePushes(work, workspace, applied, seq)
    work.changes?.push(applied)
    return { result: resultOf(change, after), change: applied }
  }

/** Adds the creator to a transaction whose document only the creator sees: log visibility depends on it. */
function withCreator(hierarchy: Hierarchy, tx: TxCUD, doc: Doc | undefined): TxCUD {
  if (doc?.createdBy === undefined || !hierarchy.creatorsOnly().has(doc._class)) return tx
  const { createdBy } = doc
  if (tx._class !== 'core:class:TxCollectionCUD') return { ...tx, createdBy }
  return { ...tx, tx: { ...tx.tx, createdBy } }
}

/** Stages the push, and a security event for accounts to which a moved document appears or disappears. */
function stagePushes(
  { state }: Work,
  workspace: Workspace,
  { tx, before, after }: AppliedChange,
  seq: number | undefined,
): void {
  const { permissions } = workspace
  state.pushes.push({ tx, seq, audience: permissions.audienceOf(before, after) })
  if (before === undefined || after === undefined || before.space === after.space) return
  const accounts = permissions.seeOnlyOne(before.space, after.space)
  if (!isEmpty(accounts)) state.pushes.push(securityPush(workspace, accounts))
}

function storedDomain(hierarchy: Hierarchy, _class: ClassId): string {
  const domain = hierarchy.domainOf(_class)
  if (domain !== undefined && domain !== domains.tx) return domain
  const message = `transactions cannot change documents of ${_class}`
  throw new StatusError('core:status:InvalidTransaction', { message })
}

/** The model consists of exactly the transactions in its space. */
function misplaced(_class: ClassId): StatusError {
  const message = `documents of ${_class} are in ${core.space.Model}, or are not, as their class says`
  return new StatusError('core:status:InvalidTransaction', { message })
}

function resultOf(tx: TxCUD, after: Doc | undefined): object {
  const change = innerChange(tx)
  const retrieve: unknown = 'retrieve' in change && change.retrieve
  return retrieve === true && after !== undefined ? { object: after } : {}
}
