import type { Doc, Domain } from '../../model/documents.ts'
import type { SeesSpace } from '../permissions/permissions.ts'

/** What is checked in the commit queue before a request is staged. */
export interface CommitTerms {
  /** @throws StatusError Conflict if the request is based on what has changed */
  check: (staged: StagedState) => void
}

/** What the requests before have staged and is not durable yet. */
export interface StagedState {
  /** Created, changed and removed documents by id; `undefined` for removed ones. */
  changes: (domain: Domain) => ReadonlyMap<string, Doc | undefined>
  /** What the caller sees once it is durable. */
  seesSpace: SeesSpace
}
