import type { RunRecord } from '../modules/run-history.ts'
import type { AsyncTrigger, Installed } from '../modules/trigger.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { AsyncTriggerRunner } from './async-trigger-runner.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Attempt } from '../modules/module-state.ts'

/** An asynchronous trigger of an open workspace, as administrators see it. */
export interface TriggerStatus {
  /** `module.name` */
  trigger: string
  /** `parked`: it waits for the next opening of the workspace, as its position could not be saved. */
  state: 'idle' | 'busy' | 'parked'
  /** All log entries up to this one are done. */
  position: number
  /** The end of the log. */
  end: number
  lag: TriggerLag
  /** Runs at once. */
  running: number
  /** Transactions that failed, and whose next run is due later. */
  failing: FailingWork[]
  /** Number of dead letters. */
  deadLetters: number
  /** The last runs, the newest first. */
  runs: RunRecord[]
}

export interface TriggerLag {
  /** Transactions that start the trigger and are not done, as far as they are known. */
  transactions: number
  /** Log entries that are not examined yet. */
  unread: number
  /** Age of the first transaction that is not done; 0 without one. */
  seconds: number
  /** Transactions that failed, and whose next run is due later. */
  failing: number
}

export interface FailingWork {
  seq: number
  transaction: string
  key: string
  /** Runs so far. */
  count: number
  /** When the next one is due, in milliseconds since the Unix epoch. */
  next: number
  /** The last ones. */
  attempts: readonly Attempt[]
}

/** @throws StorageError */
export async function statusOf(
  workspace: Workspace,
  trigger: Installed<AsyncTrigger>,
  { runner, letters }: { runner: AsyncTriggerRunner; letters: DeadLetters },
): Promise<TriggerStatus> {
  const { id, modules } = workspace
  const { total } = await letters.of(trigger, {}, { limit: 1, total: true })
  return {
    trigger: trigger.fullName,
    state: runner.isParked ? 'parked' : runner.isBusy ? 'busy' : 'idle',
    position: runner.position,
    end: workspace.lastSeq(),
    lag: lagOf(workspace, runner),
    running: runner.running,
    failing: [...runner.open.failing].map(({ fields, failures: { count, next, attempts } }) => ({
      ...fields,
      count,
      next,
      attempts,
    })),
    deadLetters: total,
    runs: modules.history.of(id, trigger.fullName),
  }
}

export function lagOf({ clock, lastSeq }: Workspace, { feed, open }: AsyncTriggerRunner): TriggerLag {
  const [first] = open.works()
  const oldest = first?.entry ?? feed.waiting[0]
  return {
    transactions: open.size + feed.waiting.length,
    unread: feed.isBehind ? lastSeq() - feed.reached : 0,
    failing: open.failing.size,
    seconds: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest.tx.modifiedOn) / 1000,
  }
}
