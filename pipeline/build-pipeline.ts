import type { ChangeHandler, ChangeStep, RequestHandler, RequestStep } from './commit/commit-step.ts'
import { applyIf } from './commit/steps/apply-if.ts'
import { applyToDocument } from './commit/steps/apply-to-document.ts'
import { authorize } from './commit/steps/authorize.ts'
import { cascade } from './commit/steps/cascade.ts'
import { counters } from './commit/steps/counters.ts'
import { deduplicate } from './commit/steps/deduplicate.ts'
import { events } from './commit/steps/events.ts'
import { placement } from './commit/steps/placement.ts'
import { serverTime } from './commit/steps/server-time.ts'
import { triggers } from './commit/steps/triggers.ts'
import { validate } from './commit/steps/validate.ts'
import { compose, type Handlers, type Middleware } from './workspace/middleware.ts'
import { acrossDomains } from './middlewares/across-domains.ts'
import { identity } from './middlewares/identity.ts'
import { coalesceQueries } from './middlewares/coalesce-queries.ts'
import { planQueries } from './middlewares/plan-queries.ts'
import { readAtOnce } from './middlewares/read-at-once.ts'
import { workspaceHandlers } from './middlewares/workspace-handlers.ts'
import type { Workspace } from './workspace/workspace.ts'

/** What happens to a request, from the outside in. */
const middlewares: readonly Middleware[] = [
  identity, // nobody signs as another account
  planQueries, // class, mixins, lookups and what the caller may see, as one plan
  readAtOnce, // a document by its id, a page along an index: on the event loop, without waiting
  coalesceQueries, // identical queries of one audience in flight share one run
  acrossDomains, // joins between stored documents and those in memory
]

/** What happens to a request inside the commit queue, which handles one at a time, from the outside in. */
const requestSteps: readonly RequestStep[] = [
  deduplicate, // a transaction sent again gets its first answer
  serverTime, // the server's clock tells when
  events, // announcements are pushed, not kept
  // then `applyIf`: conditions over documents, all or nothing
]

/** What happens to each change of a request, from the outside in. */
const changeSteps: readonly ChangeStep[] = [
  triggers, // what modules add to it goes through the same steps
  authorize, // what it says is held against what is stored; who may change what
  validate, // against the class; defaults filled in
  placement, // where its class is strict: in a space, and attached to something, that are there
  cascade, // what is attached to a removed document goes too
  counters, // collections count what is attached
  applyToDocument, // the new document, the log entry, the push
]

/** The steps of the commit queue. */
export function buildCommitSteps(workspace: Workspace): RequestHandler {
  const end: ChangeHandler = () => Promise.reject(new Error('the last commit step passed a transaction on'))
  const changes = changeSteps.reduceRight((next, step) => step(next, workspace), end)
  return requestSteps.reduceRight((next, step) => step(next, workspace), applyIf(changes, workspace))
}

export function buildPipeline(workspace: Workspace): Handlers {
  return compose(middlewares, workspaceHandlers(workspace), workspace)
}
