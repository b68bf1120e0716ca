import type { RunRecord } from '../modules/run-history.ts'
import type { AsyncTrigger, Installed, TriggerFailure } from '../modules/trigger.ts'
import type { Workspace } from '../workspace/workspace.ts'

const messages: Record<TriggerFailure, string> = {
  retried: 'a trigger failed and will be repeated',
  hung: 'a run of a trigger goes on beyond its time: its key waits for it',
  'dead-letter': 'a trigger gave up: the transaction is set aside as a dead letter',
  crashed: 'the server ended during the runs of a trigger: the transaction is set aside as a dead letter',
  parked: 'a trigger stops until the workspace opens again',
  loop: 'triggers start each other without end',
  paused: 'a trigger hangs, which rejected the request',
  refused: 'a trigger failed, which rejected the request',
}

const mild: ReadonlySet<TriggerFailure> = new Set(['retried', 'hung'])

/** Logs, counts and keeps what becomes of the runs of an asynchronous trigger. */
export function triggerReport(
  { id: workspace, logger, modules }: Workspace,
  { fullName: trigger }: Installed<AsyncTrigger>,
): { report: (failure: TriggerFailure, fields: object) => void; ran: (run: RunRecord) => void } {
  const { history, limits, observer } = modules
  return {
    report: (failure, fields) => {
      observer.triggerFailed(trigger, failure)
      logger[mild.has(failure) ? 'warn' : 'error']({ workspace, trigger, ...fields }, messages[failure])
    },
    ran: (run) => {
      history.add(workspace, trigger, run)
      observer.triggerRan?.(trigger, run.milliseconds / 1000)
      if (run.milliseconds >= limits.slowRun)
        logger.warn({ workspace, trigger, ...run }, 'a slow run of a trigger')
    },
  }
}
