import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Job } from './job.ts'
import { scheduleState } from './schedule-state.ts'
import type { AsyncContext, AsyncTrigger, Installed } from './trigger.ts'

const { ScheduledRun } = scheduleState.class

/**
 * A job as an asynchronous trigger over its runs that have started. So runs have the retries, the dead letters and the
 * exactly-once commits of triggers.
 */
export function jobTrigger(module: string, name: string, job: Job): Installed<AsyncTrigger> {
  const fullName = `${module}.${name}`
  const transactions = [core.class.TxCreateDoc, core.class.TxUpdateDoc]
  return {
    kind: 'async',
    name,
    module,
    fullName,
    isOfState: true,
    on: { classes: [ScheduledRun], transactions },
    run: async (context, tx) => await runJob(job, fullName, context, tx),
  }
}

async function runJob(
  job: Job,
  fullName: string,
  context: AsyncContext,
  tx: TxCUD,
): Promise<readonly TxCUD[]> {
  if (!('objectId' in tx)) return []
  const run = await context.get(ScheduledRun, tx.objectId)
  if (run === undefined || run.job !== fullName || typeof run.waitsUntil === 'number') return []
  const params = job.params === undefined ? run.params : job.params.parse(run.params)
  const { dueAt } = run
  const made = await job.run(Object.assign(Object.create(context), { dueAt }), params as never)
  if (!Array.isArray(made)) throw new TypeError('a job must return an array of transactions')
  return [...(made as TxCUD[]), context.bySystem.remove(run)]
}
