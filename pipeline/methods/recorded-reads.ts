import type { Class, Doc, Domain, Ref } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { invalidTransaction } from '../../model/invalid-transaction.ts'
import { invalidQuery } from '../../model/query/invalid-query.ts'
import type { Condition, FindPlan, LookupPlan } from '../../model/query/plan.ts'
import { planFind } from '../../model/query/plan-find.ts'
import { compileCondition, type Predicate } from '../../model/query/predicate.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import { MAX_REQUEST_STEPS, WorkMeter } from '../../model/query/work-meter.ts'
import { seesEverything } from '../permissions/permissions.ts'
import type { Caller } from '../shared/caller.ts'
import type { StagedState } from '../workspace/commit-terms.ts'
import type { Follower } from '../workspace/recent-changes.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { ReadConflict } from './read-conflict.ts'

type DocumentChanges = ReadonlyMap<string, Doc | undefined>

/** The arguments of a find. */
export interface Read {
  _class: Ref<Class>
  query: DocumentQuery
  options: FindOptions
}

/** A read, and what would change its result. */
interface RecordedRead extends Read {
  /** The position in the log that it is not older than. */
  position: number
  plan: FindPlan
  ids: ReadonlySet<string>
  /** Any change in these domains counts. */
  wholeDomains: ReadonlySet<Domain>
  matches: Predicate
}

/** What a transaction has read, which must be the same when it is committed. */
export class RecordedReads {
  readonly #workspace: Workspace
  readonly #caller: Caller
  readonly #follower: Follower
  readonly #reads: RecordedRead[] = []
  readonly #modelHash: string

  constructor(workspace: Workspace, caller: Caller) {
    this.#workspace = workspace
    this.#caller = caller
    this.#modelHash = workspace.model.hash
    this.#follower = workspace.recentChanges.follow(workspace.lastSeq())
  }

  /**
   * Records a read with the documents that it finds.
   * @throws StatusError InvalidQuery if changes of what it reads are not known
   */
  async add<T extends Doc>(read: Read, find: () => Promise<T[]>): Promise<T[]> {
    const plan = this.#plan(read)
    const wholeDomains = wholeDomainsOf(plan)
    if (wholeDomains.has(domains.transient) || plan.domain === domains.transient)
      throw invalidQuery('documents that are in memory only are not read in a transaction')
    const position = this.#workspace.lastSeq()
    const found = await find()
    const meter = new WorkMeter(MAX_REQUEST_STEPS, invalidTransaction)
    const matches = wholeDomains.has(plan.domain)
      ? () => true
      : compileCondition(plan.condition, new Map(), meter)
    const ids = new Set<string>(found.map(({ _id }) => _id))
    this.#reads.push({ ...read, position, plan, ids, wholeDomains, matches })
    return found
  }

  /**
   * @param staged what is not durable yet and will be before the transaction; nothing if left out
   * @throws ReadConflict
   */
  check(staged?: StagedState): void {
    if (this.#workspace.model.hash !== this.#modelHash) throw new ReadConflict('the model')
    for (const read of this.#reads) this.#checkRead(read, staged)
  }

  /** Changes are not followed any more. */
  end(): void {
    this.#follower.end()
  }

  #plan({ _class, query, options }: Read): FindPlan {
    const { model, permissions } = this.#workspace
    return permissions.restrict(planFind(model.hierarchy, _class, query, options), this.#caller)
  }

  #checkRead(read: RecordedRead, staged: StagedState | undefined): void {
    const groups = this.#follower.after(read.position)
    if (groups === undefined) throw new ReadConflict(read.plan.domain)
    let isSpaceChanged = false
    const spaces = this.#workspace.permissions.spaceDomains()
    for (const changes of groups) {
      if (read.plan.domain === domains.tx) throw new ReadConflict(domains.tx)
      for (const [domain, documents] of changes) {
        isSpaceChanged ||= spaces.has(domain)
        checkDocuments(read, domain, documents)
      }
    }
    if (staged !== undefined) this.#checkStaged(read, staged)
    if (isSpaceChanged && !seesEverything(this.#caller)) this.#checkVisibility(read)
  }

  #checkStaged(read: RecordedRead, staged: StagedState): void {
    for (const domain of this.#workspace.model.hierarchy.domains().keys()) {
      const documents = staged.changes(domain)
      if (documents.size === 0) continue
      if (domain === domains.model || read.plan.domain === domains.tx) throw new ReadConflict(domain)
      checkDocuments(read, domain, documents)
      if (this.#workspace.permissions.spaceDomains().has(domain)) this.#checkSpaces(documents, staged)
    }
  }

  /** Whether the caller sees other spaces once the staged changes are durable. */
  #checkSpaces(documents: DocumentChanges, { seesSpace }: StagedState): void {
    if (seesEverything(this.#caller)) return
    const sees = this.#workspace.permissions.seesSpace(this.#caller.account)
    for (const id of documents.keys()) if (sees(id) !== seesSpace(id)) throw new ReadConflict(id)
  }

  /** The permissions of the caller are a part of the plan. */
  #checkVisibility(read: RecordedRead): void {
    if (JSON.stringify(this.#plan(read)) !== JSON.stringify(read.plan))
      throw new ReadConflict(read.plan.domain)
  }
}

function checkDocuments(read: RecordedRead, domain: Domain, documents: DocumentChanges): void {
  const { ids, matches, plan, wholeDomains } = read
  if (wholeDomains.has(domain) && documents.size > 0) throw new ReadConflict(domain)
  if (domain !== plan.domain) return
  for (const [id, doc] of documents)
    if (ids.has(id) || (doc !== undefined && matches(doc))) throw new ReadConflict(`${domain}/${id}`)
}

/** Joins, searches and totals depend on more documents than the query finds. */
function wholeDomainsOf({ domain, condition, total, lookups }: FindPlan): Set<Domain> {
  const whole = new Set(lookups.flatMap(lookupDomains))
  if (total || needsOthers(condition)) whole.add(domain)
  return whole
}

function lookupDomains({ domain, nested }: LookupPlan): Domain[] {
  return [domain, ...nested.flatMap(lookupDomains)]
}

function needsOthers(condition: Condition): boolean {
  if (condition.op === 'lookup' || condition.op === 'search') return true
  return 'conditions' in condition && condition.conditions.some(needsOthers)
}
