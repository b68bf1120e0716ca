import type { ClassRef } from '../../../model/class-ref.ts'
import { deepCopy } from '../../../model/copies.ts'
import type { Doc, Ref } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import { planFind } from '../../../model/query/plan-find.ts'
import type { DocumentQuery } from '../../../model/query/query.ts'
import { StatusError } from '../../../model/status.ts'
import { TransactionFactory } from '../../../model/transaction-factory.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { needsStorage } from '../../shared/needs-storage.ts'
import { causeOf, workspaceContextFor } from '../../workspace/workspace-context.ts'
import { trustedMeta } from '../../modules/generation.ts'
import type { SyncContext } from '../../modules/trigger.ts'
import type { AppliedChange } from '../commit-step.ts'
import type { CommitState } from '../commit-state.ts'

/** The reads of one run of a synchronous trigger. When the run is over they are refused. */
export class SyncTriggerReads {
  readonly #workspace: Workspace
  readonly #state: CommitState
  #isOver = false

  constructor(workspace: Workspace, state: CommitState) {
    this.#workspace = workspace
    this.#state = state
  }

  /** The state may belong to another group by now: late code of the trigger reads nothing more. */
  end(): void {
    this.#isOver = true
  }

  /** @param path the triggers that led to this one, and itself */
  contextOf(change: AppliedChange, path: readonly string[]): SyncContext {
    const fullName = path.at(-1) ?? ''
    const { generateId, logger, modules } = this.#workspace
    const { modifiedBy, modifiedOn } = change.tx
    const space = core.space.DerivedTx
    const signature = { space, modifiedBy, modifiedOn, meta: trustedMeta(change.tx) }
    // Most triggers read one of the two or none.
    let before: Doc | undefined
    let after: Doc | undefined
    return {
      hierarchy: this.#state.hierarchy,
      generateId,
      logger,
      get before() {
        return (before ??= modules.give(change.before))
      },
      get after() {
        return (after ??= modules.give(change.after))
      },
      ...workspaceContextFor(this.#workspace, fullName, causeOf(change.tx, path.slice(0, -1))),
      bySender: new TransactionFactory(generateId, signature),
      bySystem: new TransactionFactory(generateId, { ...signature, modifiedBy: core.account.System }),
      get: async (_class, id) => this.#given(await this.#get(_class, id)),
      findAll: async (_class, query) => {
        const found = await this.#findAll(_class, query)
        return found.map((doc) => this.#given(doc))
      },
    }
  }

  #given<T>(value: T): T {
    this.#check()
    return this.#workspace.modules.give(value)
  }

  #check(): void {
    if (this.#isOver) throw new Error('the run of the trigger is over')
  }

  async #get<T extends Doc>(_class: ClassRef<T>, id: Ref): Promise<T | undefined> {
    this.#check()
    const { hierarchy } = this.#state
    const domain = hierarchy.domainOf(_class)
    const doc = domain === undefined ? undefined : await this.#state.get(domain, id)
    return doc !== undefined && hierarchy.isDerived(doc._class, hierarchy.baseClass(_class))
      ? (doc as T) // checked above
      : undefined
  }

  async #findAll<T extends Doc>(_class: ClassRef<T>, query: DocumentQuery): Promise<T[]> {
    this.#check()
    const plan = planFind(this.#state.hierarchy, _class, deepCopy(query), {})
    if (needsStorage(plan.condition)) {
      const message = 'joins and full-text search find only committed documents'
      throw new StatusError('core:status:InvalidQuery', { message })
    }
    // The plan finds documents of the class only.
    return (await this.#state.find(plan)) as T[]
  }
}
