import type { Doc, Domain } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { isDeclaration } from '../../../model/workspace-model.ts'
import { checkAccount } from '../../permissions/account-rights.ts'
import { decide } from '../../permissions/decide.ts'
import { checkModelUse, derivationFlaw } from '../../permissions/model-use.ts'
import { seesEverything } from '../../permissions/permissions.ts'
import { forbidden, writerRole } from '../../permissions/role.ts'
import type { Writer } from '../../permissions/writer.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { resolveClaims } from '../claims.ts'
import type { AppliedChange, ChangeStep, Work } from '../commit-step.ts'
import { checkCounters } from '../counter-fields.ts'
import { StagedVisibility } from '../staged-visibility.ts'
import { checkUnused } from '../unused-id.ts'

/**
 * Checks permissions over the stored document, the new document and the caller, after it checked the transaction
 * against the stored document. The check runs inside the commit queue, so that a change of a role or a membership
 * affects the next transaction. Changes by triggers are checked by their signature. Cascades and counters are not
 * checked: they follow from checked changes.
 */
export const authorize: ChangeStep = (next, workspace) =>
  async function authorize(work, tx) {
    const isPerson = !seesEverything(work.caller)
    const role = isPerson ? writerRole(workspace, work.caller) : undefined
    const sight = new StagedVisibility(work, workspace.permissions)
    const { hierarchy } = work.state
    const resolved = await resolveClaims(work, sight, tx)
    if (resolved === undefined) return { result: {} }
    const outcome = await next(work, resolved.tx)
    const { change } = outcome
    if (change === undefined) return outcome
    const { model, permissions, modelChanges } = workspace
    const domain = domainOf(hierarchy, change)
    const conflict = domain === domains.model ? model.declaredConflict(change, hierarchy) : undefined
    if (conflict !== undefined) throw forbidden(conflict)
    if (role !== undefined) {
      const writer: Writer = { account: work.caller.account, role, seesSpace: sight.seesSpace, modelChanges }
      const { before, after } = change
      decide(writer, { before, after, domain, hierarchy, permissions, model })
      checkCounters(hierarchy, change)
      if (change.before === undefined && isLasting(workspace, domain, change.after))
        await checkUnused(work, model, change)
    }
    if (domain === domains.model) await checkModel(work, workspace, hierarchy, change)
    return outcome
  }

function domainOf(hierarchy: Hierarchy, { before, after }: AppliedChange): Domain {
  const doc = before ?? after
  return (doc && hierarchy.domainOf(doc._class)) ?? ''
}

/** Rules for changes of the model that apply to every caller. */
async function checkModel(
  work: Work,
  { model }: Workspace,
  before: Hierarchy,
  change: AppliedChange,
): Promise<void> {
  const doc = change.after ?? change.before
  if (doc === undefined) return
  if (before.isDerived(doc._class, core.class.Account))
    checkAccount(model, work.state.staged(domains.model), change)
  if (!isDeclaration(doc) || work.caller.system) return
  const { hierarchy: after } = work.state
  const flaw = derivationFlaw(after, doc._id)
  if (flaw !== undefined) throw forbidden(flaw)
  await checkModelUse(work.state, { before, after }, change)
}

/** Spaces and declarations determine log visibility for all time. */
function isLasting({ permissions }: Workspace, domain: Domain, doc: Doc | undefined): boolean {
  return doc !== undefined && (permissions.isSpace(domain, doc) || isDeclaration(doc))
}
