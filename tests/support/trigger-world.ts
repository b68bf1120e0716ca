import { board } from '../../examples/board/model.ts'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { moduleState, type DeadLetter, type TriggerCursor } from '../../pipeline/modules/module-state.ts'
import { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import type { AsyncTrigger, TriggerFailure } from '../../pipeline/modules/trigger.ts'
import type { CommitLimits } from '../../pipeline/shared/commit-limits.ts'
import type { TriggerLimits } from '../../pipeline/modules/trigger-limits.ts'
import type { Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { ann, caller, type TestPipeline, testPipeline } from './test-pipeline.ts'
import { createTask, updateTask } from './transactions.ts'

const system = caller('system', { system: true, account: core.account.System })

/** A trigger for each new task, and each change of one by a person. */
export function onTasks(trigger: Partial<AsyncTrigger> & Pick<AsyncTrigger, 'run'>): AsyncTrigger {
  return {
    kind: 'async',
    name: 'note',
    on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc, core.class.TxUpdateDoc] },
    ...trigger,
    // A comment changes the counter of its task.
    run: (context, tx) => (tx.modifiedBy === core.account.System ? [] : trigger.run(context, tx)),
  }
}

/** A workspace over a storage that stays, opened again and again with other triggers. */
export class TriggerWorld {
  readonly storage: Storage = createMemoryStorage()
  readonly failures: [string, TriggerFailure][] = []
  /** Milliseconds since the Unix epoch, as the workspace sees it. */
  now = 1_700_000_000_000
  opened!: TestPipeline
  #modules = new InstalledModules([])

  async open(
    triggers: readonly AsyncTrigger[],
    limits: Partial<TriggerLimits> = {},
    commitLimits: Partial<CommitLimits> = {},
  ): Promise<TestPipeline> {
    const observer = {
      triggerFailed: (...of: [string, TriggerFailure]) => void this.failures.push(of),
    }
    const quick = { firstDelay: 1, longestDelay: 2, saveDelay: 1, ...limits }
    const module = { name: 'test', model: [], triggers }
    this.#modules = new InstalledModules([module], { limits: quick, observer })
    return await this.reopen(commitLimits)
  }

  /** Opens the workspace again, in the same process. */
  async reopen(commitLimits: Partial<CommitLimits> = {}): Promise<TestPipeline> {
    const modules = this.#modules
    this.opened = await testPipeline({ storage: this.storage, now: () => this.now, commitLimits, modules })
    return this.opened
  }

  async close(): Promise<void> {
    await this.opened.pipeline.close()
  }

  async add(...titles: string[]): Promise<void> {
    for (const title of titles) await this.opened.pipeline.tx(ann, createTask(title, { title }))
  }

  async change(task: string, rank: string): Promise<void> {
    await this.opened.pipeline.tx(ann, updateTask(task, { rank }))
  }

  async letters(): Promise<DeadLetter[]> {
    return await this.#find(moduleState.class.DeadLetter)
  }

  async cursors(): Promise<TriggerCursor[]> {
    return await this.#find(moduleState.class.TriggerCursor)
  }

  async #find<T extends Doc>(_class: ClassRef<T>): Promise<T[]> {
    const found = await this.opened.pipeline.find(system, { _class, query: {}, options: {} })
    // A find without limits for parts returns documents. Not its array, which has a total.
    return [...(found as unknown as T[])]
  }
}
