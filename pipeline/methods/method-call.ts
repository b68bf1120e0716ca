import { takeTransaction } from '../../model/take-transaction.ts'
import { takeOver } from '../modules/module-values.ts'
import type { TxApplyIf, TxCUD } from '../../model/transactions.ts'
import type { MethodCall } from '../modules/method-call.ts'
import type { Caller } from '../shared/caller.ts'
import { atomic, moduleContextFor } from '../triggers/module-context.ts'
import type { CommitTerms } from '../workspace/commit-terms.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { runTransaction } from './method-transaction.ts'
import type { PlaceQueue } from './place-queue.ts'

export interface MethodCallParts {
  workspace: Workspace
  handlers: Handlers
  caller: Caller
  places: PlaceQueue
  signal: AbortSignal
  /** Commits under an id that it gives. Resolves with whether the conditions held. */
  commit: (make: (_id: string) => TxApplyIf, terms?: CommitTerms) => Promise<boolean>
  key: string | undefined
}

/** What a method may use. All that it commits goes through `commit`. */
export function methodCallFor(parts: MethodCallParts): MethodCall {
  const { workspace, handlers, caller, places, signal, key } = parts
  const context = moduleContextFor(workspace, handlers, caller)
  const { factory, findAll } = context
  const make = (txes: readonly TxCUD[], _id: string): TxApplyIf =>
    atomic(workspace, txes.map(takeOver), caller, _id)
  const commit = async (txes: readonly TxCUD[], terms?: CommitTerms): Promise<void> => {
    if (txes.length > 0) await parts.commit((_id) => make(txes, _id), terms)
  }
  return {
    ...context,
    key: key ?? workspace.generateId(),
    signal,
    commit: (txes) => commit(txes),
    applyIf: async (txes, { match = [], notMatch = [] }) =>
      await parts.commit((_id) => takeTransaction({ ...make(txes, _id), match, notMatch })),
    transaction: (work) =>
      runTransaction({ workspace, caller, factory, findAll, commit, places, signal }, work),
  }
}
