import type { DocumentChange, Tx, TxCUD } from '../../model/transactions.ts'
import type { WorkMeter } from '../../model/query/work-meter.ts'
import type { Caller } from '../shared/caller.ts'
import type { CommitTerms } from '../workspace/commit-terms.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CommitState } from './commit-state.ts'
import type { UniqueConstraint } from '../shared/unique-constraints.ts'

/** A request in the commit steps. */
export interface Work {
  readonly caller: Caller
  /** `_id` of the transaction that the client sent. Every log entry of the request refers to it. */
  readonly request: string
  readonly state: CommitState
  /** Commits the requests staged before. Allowed only before this request stages anything. */
  readonly flush: () => Promise<void>
  /** Bounds what the changes of the request may take together. */
  readonly meter: WorkMeter
  /** Checked before the request is staged. */
  readonly terms?: CommitTerms | undefined
  /** Collects the documents that got a unique key. They are checked when the request is complete. */
  readonly keys: NewKey[]
  /** Collects the applied changes in order, for triggers. */
  readonly changes?: AppliedChange[]
}

/** A document that may hold another unique key than before. */
export interface NewKey {
  constraint: UniqueConstraint
  id: string
}

/** A change of a document, with the transaction as logged. */
export type AppliedChange = DocumentChange & { tx: TxCUD }

/** The result of a step, and the change of a document if there is one. */
export interface StepOutcome {
  result: unknown
  change?: AppliedChange
}

type Handler<T extends Tx> = (work: Work, tx: T) => Promise<StepOutcome>

/** Handles a transaction as the client sent it. */
export type RequestHandler = Handler<Tx>
/** Handles a change of one document. */
export type ChangeHandler = Handler<TxCUD>

/** Wraps the next step of a request. */
export type RequestStep = (next: RequestHandler, workspace: Workspace) => RequestHandler
/** Passes the changes in a request on, one by one. */
export type SplittingStep = (next: ChangeHandler, workspace: Workspace) => RequestHandler
/** Wraps the next step of a change. Derived changes enter at the step after the one that makes them. */
export type ChangeStep = (next: ChangeHandler, workspace: Workspace) => ChangeHandler
