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
 * Who may change what: decided over the document as it is stored, as it will be, and the caller. What the transaction
 * says of its document is held against the stored one first. Here, inside the queue, so that a change of role or
 * membership holds for the very next transaction. What triggers add comes by here too, as by who signs it; cascades
 * and counters do not, for they follow from what was decided.
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

/** What holds whoever changes the model. */
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

/** What the log is read by for ever: spaces, and what is declared. */
function isLasting({ permissions }: Workspace, domain: Domain, doc: Doc | undefined): boolean {
  return doc !== undefined && (permissions.isSpace(domain, doc) || isDeclaration(doc))
}
