import { applyTransaction, targetOf } from '../../../model/apply-transaction.ts'
import type { Class, Doc, Ref } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCollectionCUD, TxCUD, TxUpdateDoc } from '../../../model/transactions.ts'
import type { CommitStep } from '../commit-queue.ts'

/** Computes the new document, gives the transaction its place in the log, and lists it to be pushed. */
export const applyToDocument: CommitStep = () =>
  async function applyToDocument(work, tx) {
    const change = tx as TxCUD
    const { _id, _class } = targetOf(change)
    const domain = storedDomain(work.state.hierarchy, _class)
    const before = await work.state.get(domain, _id)
    const after = applyTransaction(before, change)
    if (domain === domains.model) work.state.stageModel(change)
    work.state.stage(domain, _id, after)
    const seq = domain === domains.transient ? undefined : work.state.log(tx, work.request)
    work.state.pushes.push({ tx, seq })
    return { result: answer(change, after), change: { tx: change, ...definedOf(before, after) } }
  }

function storedDomain(hierarchy: Hierarchy, _class: Ref<Class>): string {
  const domain = hierarchy.domainOf(_class)
  if (domain !== undefined && domain !== domains.tx) return domain
  const message = `documents of ${_class} are not made by transactions`
  throw new StatusError('core:status:InvalidTransaction', { message })
}

function answer(tx: TxCUD, after: Doc | undefined): object {
  const change = tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : tx
  return (change as TxUpdateDoc).retrieve === true && after !== undefined ? { object: after } : {}
}

function definedOf(before: Doc | undefined, after: Doc | undefined): { before?: Doc; after?: Doc } {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
}
