import type { ChangeHandler, ChangeStep, RequestHandler, RequestStep } from './commit/commit-step.ts'
import { applyIf } from './commit/steps/apply-if.ts'
import { applyToDocument } from './commit/steps/apply-to-document.ts'
import { authorize } from './commit/steps/authorize.ts'
import { cascade } from './commit/steps/cascade.ts'
import { checkSettings } from './commit/steps/check-settings.ts'
import { checkTerms } from './commit/steps/check-terms.ts'
import { counters } from './commit/steps/counters.ts'
import { deduplicate } from './commit/steps/deduplicate.ts'
import { events } from './commit/steps/events.ts'
import { placement } from './commit/steps/placement.ts'
import { limitDocument, limitRequest } from './commit/steps/limit-sizes.ts'
import { limitTransient } from './commit/steps/limit-transient.ts'
import { serverTime } from './commit/steps/server-time.ts'
import { takeTurns } from './commit/steps/take-turns.ts'
import { triggers } from './commit/steps/triggers.ts'
import { checkKeys, noteKeys } from './commit/steps/unique-keys.ts'
import { validate } from './commit/steps/validate.ts'
import { compose, type Handlers, type Middleware } from './workspace/middleware.ts'
import { acrossDomains } from './middlewares/across-domains.ts'
import { identity } from './middlewares/identity.ts'
import { coalesceQueries } from './middlewares/coalesce-queries.ts'
import { limitSize } from './middlewares/limit-size.ts'
import { planQueries } from './middlewares/plan-queries.ts'
import { readAtOnce } from './middlewares/read-at-once.ts'
import { workspaceHandlers } from './middlewares/workspace-handlers.ts'
import type { Workspace } from './workspace/workspace.ts'

/** The middlewares of a request, from the outside in. */
const middlewares: readonly Middleware[] = [
  limitSize, // a transaction that is too large does not wait for its commit
  identity, // `modifiedBy` and `createdBy` are the caller's account
  planQueries, // compiles class, mixins, lookups and permissions into one plan
  readAtOnce, // reads one document, or a page along an index, synchronously
  coalesceQueries, // identical queries of one audience share one run
  acrossDomains, // joins stored documents with those in memory
]

/** The steps of a request in the commit queue, which handles one request at a time, from the outside in. */
const requestSteps: readonly RequestStep[] = [
  checkTerms, // refuses what is based on reads that are out of date
  deduplicate, // returns the first result of a transaction that is sent again
  limitRequest, // refuses what is too large to push
  serverTime, // sets the times by the server's clock
  events, // pushes announcements, which are not logged
  checkKeys, // refuses a request that leaves two documents with one unique key
  // then `applyIf`, which checks conditions and passes on the changes, all or nothing
]

/** The steps of each change of a request, from the outside in. */
const changeSteps: readonly ChangeStep[] = [
  triggers, // add the changes of modules, which pass the same steps
  authorize, // checks the transaction against the stored document, and permissions
  validate, // checks the document against its class and fills in defaults
  checkSettings, // the settings of modules fit their schemas
  placement, // strict classes: the space and the parent of the document exist
  cascade, // removes the documents that are attached to a removed one
  counters, // counts the documents of collections
  limitTransient, // bounds the documents that are in memory only
  limitDocument, // refuses documents that are too large to send
  takeTurns, // lets other workspaces work between the changes of a long request
  noteKeys, // notes the unique keys that a document gets
  applyToDocument, // computes the new document, the log entry and the push
]

/** The steps of the commit queue. */
export function buildCommitSteps(workspace: Workspace): RequestHandler {
  const end: ChangeHandler = () => Promise.reject(new Error('the last commit step called the next one'))
  const changes = changeSteps.reduceRight((next, step) => step(next, workspace), end)
  return requestSteps.reduceRight((next, step) => step(next, workspace), applyIf(changes, workspace))
}

export function buildPipeline(workspace: Workspace): Handlers {
  return compose(middlewares, workspaceHandlers(workspace), workspace)
}
