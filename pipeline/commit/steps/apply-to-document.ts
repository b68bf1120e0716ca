import { applyTransaction, targetOf } from '../../../model/apply-transaction.ts'
import type { Class, Doc, Ref } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCollectionCUD, TxCUD, TxUpdateDoc } from '../../../model/transactions.ts'
import { securityPush } from '../../permissions/security-events.ts'
import type { Push } from '../../push.ts'
import type { Workspace } from '../../workspace.ts'
import type { CommitStep } from '../commit-step.ts'

/** Computes the new document, gives the transaction its place in the log, and lists it to be pushed. */
export const applyToDocument: CommitStep = (_next, workspace) =>
  async function applyToDocument(work, tx) {
    const { _id, _class } = targetOf(tx as TxCUD)
    const domain = storedDomain(work.state.hierarchy, _class)
    const before = await work.state.get(domain, _id)
    const change = placed(tx as TxCUD, before)
    if ((domain === domains.model) !== (change.objectSpace === core.space.Model)) throw misplaced(_class)
    const after = applyTransaction(before, change)
    if (domain === domains.model) work.state.stageModel(change)
    work.state.stage(domain, _id, after)
    const seq = domain === domains.transient ? undefined : work.state.log(change, work.request)
    work.state.pushes.push(...pushesOf(workspace, { tx: change, seq }, before, after))
    const applied = { tx: change, before, after }
    work.changes?.push(applied)
    return { result: answer(change, after), change: applied }
  }

/** The transaction, naming the space its document is in: permissions to read the log go by it. */
function placed(tx: TxCUD, before: Doc | undefined): TxCUD {
  if (before === undefined) return tx
  if (tx._class !== core.class.TxCollectionCUD) {
    return before.space === tx.objectSpace ? tx : { ...tx, objectSpace: before.space }
  }
  const { tx: inner } = tx as TxCollectionCUD
  if (before.space === inner.objectSpace) return tx
  return { ...tx, tx: { ...inner, objectSpace: before.space } } as TxCollectionCUD
}

/** The push, and word for those to whom a document that moved appears or disappears. */
function pushesOf(workspace: Workspace, push: Push, before: Doc | undefined, after: Doc | undefined): Push[] {
  const { permissions } = workspace
  const audience = permissions.audienceOf(before, after)
  if (audience === undefined) return [push]
  const pushes: Push[] = [{ ...push, audience }]
  if (before === undefined || after === undefined || before.space === after.space) return pushes
  const accounts = permissions.seeOnlyOne(before.space, after.space)
  if (accounts.size > 0) pushes.push(securityPush(workspace, accounts))
  return pushes
}

function storedDomain(hierarchy: Hierarchy, _class: Ref<Class>): string {
  const domain = hierarchy.domainOf(_class)
  if (domain !== undefined && domain !== domains.tx) return domain
  const message = `documents of ${_class} are not made by transactions`
  throw new StatusError('core:status:InvalidTransaction', { message })
}

/** The model is what transactions in its space make it, and nothing else. */
function misplaced(_class: Ref<Class>): StatusError {
  const message = `documents of ${_class} are in ${core.space.Model}, or are not, as their class says`
  return new StatusError('core:status:InvalidTransaction', { message })
}

function answer(tx: TxCUD, after: Doc | undefined): object {
  const change = tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : tx
  return (change as TxUpdateDoc).retrieve === true && after !== undefined ? { object: after } : {}
}
