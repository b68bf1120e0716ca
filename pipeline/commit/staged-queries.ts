import type { Doc } from '../../model/documents.ts'
import type { DocumentStore } from '../../model/document-store.ts'
import { domains } from '../../model/identifiers.ts'
import { compileCondition, type Predicate } from '../../model/query/predicate.ts'
import { stepsOfScan } from '../../model/query/query-price.ts'
import type { WorkMeter } from '../../model/query/work-meter.ts'
import type { Condition, FindPlan } from '../../model/query/plan.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import { type HeldKey, holdersPlan, type UniqueConstraint, valuesPlan } from '../shared/unique-constraints.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { overlaid, type StagedDocuments } from './staged-documents.ts'

/** Documents with the values of a unique key that it does not count, such as archived ones. */
const FEW = 20

export interface StateSources {
  storage: WorkspaceStorage
  model: WorkspaceModel
  transient: DocumentStore
}

interface Matching {
  matches: Predicate
  meter: WorkMeter | undefined
}

/** Queries over committed and staged documents. The plans have no sort, limit or lookups. */
export class StagedQueries {
  readonly #sources: StateSources
  readonly #staged: StagedDocuments

  constructor(sources: StateSources, staged: StagedDocuments) {
    this.#sources = sources
    this.#staged = staged
  }

  /** @throws StatusError if the documents in memory take more than the meter has left */
  async find(plan: FindPlan, meter?: WorkMeter): Promise<Doc[]> {
    const matches = compileCondition(plan.condition, new Map(), meter)
    const staged = this.#staged.all(plan.domain)
    meter?.spend(stepsOfScan(plan, staged.size))
    const committed = await this.#committed(plan, { matches, meter })
    return overlaid(committed, staged, matches)
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

  /**
   * The committed documents that hold a unique key, those that are staged too, as storage has them now. Of very many at
   * least one that is not staged.
   */
  async findHolders(constraint: UniqueConstraint, key: HeldKey): Promise<readonly Doc[]> {
    const plan = holdersPlan(constraint, key)
    if (!isStoredDomain(plan.domain))
      return await this.#committed(plan, { matches: compileCondition(plan.condition), meter: undefined })
    const { storage } = this.#sources
    const staged = this.#staged.atMost(plan.domain)
    // Storage reads a page along the index at once, where a further condition would take another thread.
    const limit = fewLimits(staged + FEW)
    const found = await storage.find({ ...valuesPlan(constraint, key), limit })
    return found.length < limit ? found : await storage.find({ ...plan, limit: fewLimits(staged + 1) })
  }

  async #committed(plan: FindPlan, { matches, meter }: Matching): Promise<Doc[]> {
    if (plan.domain === domains.model) {
      const docs = [...this.#sources.model.documents()]
      meter?.spend(stepsOfScan(plan, docs.length))
      return docs.filter(matches)
    }
    if (plan.domain === domains.transient) return this.#sources.transient.find(plan, meter)
    // Storage may or may not contain the documents of the group before until that is settled.
    const before = this.#staged.ofBefore(plan.domain)
    const found = await this.#sources.storage.find(plan)
    return before === undefined || before.size === 0 ? found : overlaid(found, before, matches)
  }
}

/** A limit of at least this, of few different ones: storage keeps a statement for each. */
function fewLimits(least: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(least, 2 * FEW)))
}
