import { domains } from '../../model/identifiers.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { domainsOf } from './found.ts'
import { dependsOnJoins } from './result-window.ts'
import { Projector } from './shown.ts'

/** The plan of a live query with its derived properties. */
export class PlannedQuery {
  readonly plan: FindPlan
  /** The domains of the documents in the result, and of those embedded in them. */
  readonly domains: ReadonlySet<string>
  readonly projector: Projector
  /** The client's model has all documents that the query can find. */
  readonly isLocal: boolean
  /** Embedded documents decide which documents are found, or their order. */
  readonly dependsOnJoins: boolean

  constructor(plan: FindPlan) {
    this.plan = plan
    this.domains = new Set([plan.domain, ...domainsOf(plan.lookups)])
    this.projector = new Projector(plan.projection)
    this.isLocal = [...this.domains].every((domain) => domain === domains.model)
    this.dependsOnJoins = dependsOnJoins(plan)
  }

  /** It is a full-text search. */
  get searches(): boolean {
    return JSON.stringify(this.plan.condition).includes('"op":"search"')
  }
}
