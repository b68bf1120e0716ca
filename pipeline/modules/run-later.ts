import { core } from '../../model/identifiers.ts'
import type { TxCreateDoc } from '../../model/transactions.ts'
import { systemFactory } from '../shared/system-factory.ts'
import { scheduleState } from './schedule-state.ts'

/** Makes transactions that, once they are committed, have a job run once. */
export interface RunLater {
  /**
   * @param milliseconds from now on
   * @param job its name; jobs of other modules with the name of the module and a dot in front
   */
  runAfter: (milliseconds: number, job: string, params?: unknown) => TxCreateDoc
  /** @param time milliseconds since the epoch */
  runAt: (time: number, job: string, params?: unknown) => TxCreateDoc
}

interface RunLaterOptions {
  generateId: () => string
  now: () => number
}

/** For the contexts of one module. */
export function runLaterFor(module: string, { generateId, now }: RunLaterOptions): RunLater {
  const runAt = (dueAt: number, job: string, params?: unknown): TxCreateDoc => {
    if (!Number.isFinite(dueAt)) throw new TypeError(`a run of ${job} needs a time, which ${dueAt} is not`)
    const attributes = {
      job: job.includes('.') ? job : `${module}.${job}`,
      dueAt,
      waitsUntil: dueAt,
      ...(params === undefined ? {} : { params }),
    }
    const factory = systemFactory({ clock: { now }, generateId })
    return factory.create(scheduleState.class.ScheduledRun, core.space.Configuration, attributes)
  }
  return { runAt, runAfter: (milliseconds, job, params) => runAt(now() + milliseconds, job, params) }
}
