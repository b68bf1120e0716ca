import { brand } from '../../model/brand.ts'
import type { Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import { systemFactory } from '../shared/system-factory.ts'
import { type CallOutcome, type CallResult, moduleState } from '../modules/module-state.ts'
import { systemCaller } from '../shared/caller.ts'
import { estimatedSize } from '../shared/estimated-size.ts'
import { commitAsSystem } from '../triggers/module-context.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Maximum outcomes that are stored between two sweeps, and that one commit of a sweep removes. */
const SWEEP = 500
/** So many times more may be stored than between two sweeps. */
const SWEEPS = 20

/** What is stored of a call. */
export interface StoredCall {
  /** Its first commit is in the log. */
  isCommitted: boolean
  outcome: { call: string; result: CallResult | undefined } | undefined
}

/** Outcomes of calls that have committed something: documents that only the system sees. */
export class CallOutcomes {
  readonly #workspace: Workspace
  readonly #running = new Set<Promise<void>>()
  /** Until the next sweep. */
  #left = 0

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** What is known of the call that names its commits by this id. */
  async find(id: string): Promise<StoredCall> {
    const { model, storage } = this.#workspace
    const domain = model.hierarchy.domainOf(moduleState.class.CallOutcome) ?? ''
    const wanted = { requests: [`${id}:0`], documents: [{ domain, ids: [id] }] }
    const { requests, documents } = await storage.prefetch(wanted)
    const outcome = documents.flatMap(({ docs }) => docs)[0] as Unchecked<CallOutcome> | undefined
    const { call } = outcome ?? {}
    return {
      isCommitted: requests.length > 0 || outcome !== undefined,
      outcome: call === undefined ? undefined : { call, result: outcome?.outcome ?? undefined },
    }
  }

  /** Stores an outcome in the background. A failure is logged: the call is then one whose outcome is unknown. */
  store(id: string, fields: { method: string; call: string }, outcome: CallResult): void {
    const { outcomeBytes } = this.#workspace.modules.methodLimits
    if (estimatedSize(outcome) > outcomeBytes) return
    this.#inBackground(async () => {
      const at = this.#workspace.clock.now()
      const { CallOutcome } = moduleState.class
      const tx = this.#factory.create(
        CallOutcome,
        core.space.Configuration,
        { ...fields, at, outcome },
        { _id: brand(id) },
      )
      await this.#workspace.commit(systemCaller, tx)
      this.#left -= 1
      if (this.#left >= 0) return
      await this.#sweep()
    })
  }

  /** Resolves when nothing is being stored. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Removes outcomes that are too old, and the oldest ones of too many. */
  async #sweep(): Promise<void> {
    const { outcomes, outcomeTime } = this.#workspace.modules.methodLimits
    this.#left = Math.min(SWEEP, Math.floor(outcomes / SWEEPS))
    const before = this.#workspace.clock.now() - outcomeTime
    for (;;) {
      const { total } = await this.#read({}, { limit: 1, total: true })
      const tooMany = Math.min(SWEEP, Math.max(0, total - outcomes))
      const old = await this.#read({ at: { $lt: before } }, { limit: SWEEP, sort: { at: 1 } })
      const surplus = tooMany > old.length ? await this.#read({}, { limit: tooMany, sort: { at: 1 } }) : old
      if (surplus.length === 0) return
      const txes = surplus.map((doc) => this.#factory.remove(doc))
      await commitAsSystem(this.#workspace, txes)
    }
  }

  async #read(query: DocumentQuery, options: FindOptions): Promise<FindResult> {
    const { model, storage } = this.#workspace
    return await storage.find(planFind(model.hierarchy, moduleState.class.CallOutcome, query, options))
  }

  #inBackground(work: () => Promise<void>): void {
    const { id: workspace, logger } = this.#workspace
    const running = work()
      .catch((error: unknown) =>
        logger.warn({ workspace, err: error }, 'the outcome of a call was not stored'),
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  get #factory(): TransactionFactory {
    return systemFactory(this.#workspace)
  }
}
