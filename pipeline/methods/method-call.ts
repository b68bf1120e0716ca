import { takeTransaction } from '../../model/take-transaction.ts'
import { takeOver } from '../modules/module-values.ts'
import type { TxApplyIf, TxCreateDoc, TxCUD } from '../../model/transactions.ts'
import type { MethodCall } from '../modules/method-call.ts'
import { type Caller, systemCaller } from '../shared/caller.ts'
import { core } from '../../model/identifiers.ts'
import { scheduleState } from '../modules/schedule-state.ts'
import { actingAs } from '../triggers/acting.ts'
import { workspaceContextFor } from '../workspace/workspace-context.ts'
import { atomic, moduleContextFor } from '../triggers/module-context.ts'
import type { CommitTerms } from '../workspace/commit-terms.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { runTransaction } from './method-transaction.ts'
import type { PlaceQueue } from './place-queue.ts'

export interface MethodCallParts {
  /** The full name of the method. */
  name: string
  workspace: Workspace
  handlers: Handlers
  caller: Caller
  places: PlaceQueue
  signal: AbortSignal
  /** Commits under an id that it gives. Resolves with whether the conditions held. */
  commit: (make: (_id: string) => TxApplyIf, options?: CommitOptions) => Promise<boolean>
  key: string | undefined
}

/** How a method commits. */
export interface CommitOptions {
  terms?: CommitTerms | undefined
  /** The account that commits, if it is not that of the call. */
  caller?: Caller
}

/** What a method may use. All that it commits goes through `commit`. */
export function methodCallFor(parts: MethodCallParts): MethodCall {
  const { name, workspace, handlers, caller, places, signal, key } = parts
  const context = moduleContextFor(workspace, handlers, caller)
  const { factory, findAll } = context
  const make = (txes: readonly TxCUD[], _id: string): TxApplyIf =>
    atomic(workspace, txes.map(takeOver), caller, _id)
  const commit = async (txes: readonly TxCUD[], terms?: CommitTerms): Promise<void> => {
    if (txes.length === 0) return
    const bySystem = txes.filter(isRun).map((tx) => ({ ...takeOver(tx), modifiedBy: core.account.System }))
    const own = bySystem.length === 0 ? txes : txes.filter((tx) => !isRun(tx))
    await parts.commit((_id) => make(own, _id), {
      terms: bySystem.length === 0 ? terms : { ...terms, bySystem },
    })
  }
  return {
    ...context,
    ...workspaceContextFor(workspace, name, { sender: caller.account, triggers: [] }),
    asSystem: actingAs({
      workspace,
      handlers,
      caller: systemCaller,
      // Under the name of the call too, so that it is known when the call is sent again.
      send: async (make) => await parts.commit(make, { caller: systemCaller }),
    }),
    key: key ?? workspace.generateId(),
    signal,
    commit: (txes) => commit(txes),
    applyIf: async (txes, { match = [], notMatch = [] }) =>
      await parts.commit((_id) => takeTransaction({ ...make(txes, _id), match, notMatch })),
    transaction: (work) =>
      runTransaction({ workspace, caller, factory, findAll, commit, places, signal }, work),
  }
}

/** A run of a job, which the server asks for on behalf of the method. */
function isRun(tx: TxCUD): tx is TxCreateDoc {
  return tx._class === core.class.TxCreateDoc && tx.objectClass === scheduleState.class.ScheduledRun
}
