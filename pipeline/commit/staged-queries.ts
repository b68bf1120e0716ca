import type { Doc } from '../../model/documents.ts'
import type { DocumentStore } from '../../model/document-store.ts'
import { domains } from '../../model/identifiers.ts'
import { compileCondition } from '../../model/query/predicate.ts'
import type { Condition, FindPlan } from '../../model/query/plan.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { overlaid, type StagedDocuments } from './staged-documents.ts'

export interface StateSources {
  storage: WorkspaceStorage
  model: WorkspaceModel
  transient: DocumentStore
}

/** Queries over committed and staged documents. The plans have no sort, limit or lookups. */
export class StagedQueries {
  readonly #sources: StateSources
  readonly #staged: StagedDocuments

  constructor(sources: StateSources, staged: StagedDocuments) {
    this.#sources = sources
    this.#staged = staged
  }

  async find(plan: FindPlan): Promise<Doc[]> {
    const matches = compileCondition(plan.condition)
    const committed = await this.#committed(plan, matches)
    return overlaid(committed, this.#staged.all(plan.domain), matches)
  }

  /** The number of documents that {@link find} returns, without reading them. */
  async count(plan: FindPlan): Promise<number> {
    const matches = compileCondition(plan.condition)
    const staged = this.#staged.all(plan.domain)
    let count = 0
    for (const doc of staged.values()) if (doc !== undefined && matches(doc)) count += 1
    const others: Condition = { op: 'nin', path: ['_id'], values: [...staged.keys()] }
    const condition: Condition = { op: 'all-of', conditions: [plan.condition, others] }
    const { total } = await this.#sources.storage.find({ ...plan, condition, limit: 1, total: true })
    return count + total
  }

  async #committed(plan: FindPlan, matches: (doc: Doc) => boolean): Promise<Doc[]> {
    if (plan.domain === domains.model) return [...this.#sources.model.documents()].filter(matches)
    if (plan.domain === domains.transient) return this.#sources.transient.find(plan)
    // Storage may or may not contain the documents of the group before until that is settled.
    const before = this.#staged.ofBefore(plan.domain)
    const found = await this.#sources.storage.find(plan)
    return before === undefined || before.size === 0 ? found : overlaid(found, before, matches)
  }
}
