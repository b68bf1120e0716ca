import { notAChange } from '../../../model/apply-transaction.ts'
import { isChange } from '../../../model/inner-change.ts'
import { invalidTransaction } from '../../../model/invalid-transaction.ts'
import { planFind } from '../../../model/query/plan-find.ts'
import { MAX_REQUEST_STEPS, WorkMeter } from '../../../model/query/work-meter.ts'
import { type DocumentMatch, type TxApplyIf, WorkspaceEvent } from '../../../model/transactions.ts'
import { seesEverything } from '../../permissions/permissions.ts'
import { systemCaller } from '../../shared/caller.ts'
import { writerRole } from '../../permissions/role.ts'
import { needsStorage } from '../../shared/needs-storage.ts'
import type { Push } from '../../push/push.ts'
import { workspaceEvent } from '../../push/workspace-event.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { SplittingStep, Work } from '../commit-step.ts'
import { StagedVisibility } from '../staged-visibility.ts'

/**
 * Commits all of `txes` if every `match` finds a document and no `notMatch` does. The commit queue is serial, so a
 * `scope` needs no lock.
 */
export const applyIf: SplittingStep = (next, workspace) =>
  async function applyIf(work, request) {
    if (request._class !== 'core:class:TxApplyIf') {
      if (!isChange(request)) throw notAChange(request)
      return await next(work, request)
    }
    if (!seesEverything(work.caller)) writerRole(workspace, work.caller)
    if (!(await holds(work, workspace, request))) return { result: { success: false, derived: [] } }
    const { pushes } = work.state
    const firstPush = pushes.length
    for (const inner of request.txes) await next(work, inner)
    for (const own of work.terms?.bySystem ?? []) await next({ ...work, caller: systemCaller }, own)
    const added = pushes.slice(firstPush)
    const derived = visibleOf(added, work, workspace).map((push) => push.tx)
    const own = new Set(request.txes.map(({ _id }) => _id))
    // Not removed: clients that track their log position would miss entries.
    if (request.notify === false) for (const push of added) push.isSilent = true
    announceBulkUpdate(work, workspace, request)
    return { result: { success: true, derived: derived.filter(({ _id }) => !own.has(_id)) } }
  }

/** The pushes that the caller may receive after the staged changes. */
function visibleOf(pushes: readonly Push[], work: Work, { permissions }: Workspace): Push[] {
  const { seesSpace } = new StagedVisibility(work, permissions)
  return pushes.filter(
    ({ audience }) => audience === undefined || permissions.mayReceive(work.caller, audience, seesSpace),
  )
}

async function holds(work: Work, { id, permissions, turns }: Workspace, tx: TxApplyIf): Promise<boolean> {
  const plans = [...(tx.match ?? []).map(toPlan), ...(tx.notMatch ?? []).map(toPlan)]
  const needed = tx.match?.length ?? 0
  const isStale = [...permissions.spaceDomains().keys()].some((domain) => work.state.hasStaged(domain))
  // Visibility follows from committed spaces, and joins and searches find only committed documents.
  if (isStale || plans.some(({ condition }) => needsStorage(condition))) await work.flush()
  for (const [at, plan] of plans.entries()) {
    await turns.pause(id)
    const found = await work.state.find(plan, new WorkMeter(MAX_REQUEST_STEPS, invalidTransaction))
    if (found.length > 0 !== at < needed) return false
  }
  return true

  function toPlan({ _class, query }: DocumentMatch) {
    return permissions.restrict(planFind(work.state.hierarchy, _class, query, {}), work.caller)
  }
}

function announceBulkUpdate(work: Work, workspace: Workspace, tx: TxApplyIf): void {
  if (tx.txes.length === 0 || !tx.extraNotify || tx.extraNotify.length === 0) return
  for (const _class of tx.extraNotify) work.state.hierarchy.getClass(_class)
  const { generateId } = workspace
  const params = { _class: tx.extraNotify }
  const event = workspaceEvent({ generateId, now: () => tx.modifiedOn }, WorkspaceEvent.BulkUpdate, params)
  work.state.pushes.push({ tx: { ...event, modifiedBy: tx.modifiedBy } })
}
