import type { Doc, Domain } from '../../model/documents.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { SeesSpace } from '../permissions/permissions.ts'

/** What the server adds to a request of somebody. */
export interface CommitTerms {
  /** Checked before the request is staged. @throws StatusError Conflict if it is based on what has changed */
  check?: (staged: StagedState) => void
  /** Changes of the system that are committed with the request if its conditions hold. */
  bySystem?: readonly TxCUD[]
}

/** What the requests before have staged and is not durable yet. */
export interface StagedState {
  /** Created, changed and removed documents by id; `undefined` for removed ones. */
  changes: (domain: Domain) => ReadonlyMap<string, Doc | undefined>
  /** What the caller sees once it is durable. */
  seesSpace: SeesSpace
}
