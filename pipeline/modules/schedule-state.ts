import { any, number, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import { moduleState } from './module-state.ts'

const builder = createModelBuilder('module')

/** When a job with a cron expression runs next. */
const Schedule = builder.class('Schedule', {
  extends: moduleState.class.State,
  label: 'Schedule of a job',
  attributes: {
    job: string({ required: true }),
    cron: string({ required: true }),
    timeZone: string({ required: true }),
    /** Milliseconds since the epoch. */
    dueAt: number({ required: true, index: true }),
  },
})

/** One run of a job. It is removed with the commit of what the run made. */
const ScheduledRun = builder.class('ScheduledRun', {
  extends: moduleState.class.State,
  label: 'Scheduled run of a job',
  attributes: {
    job: string({ required: true }),
    /** Milliseconds since the epoch. */
    dueAt: number({ required: true }),
    params: any(),
    /** `dueAt` until the run has started: due runs are found by this index. Absent in runs that have started. */
    waitsUntil: number({ index: true }),
  },
})

export type Schedule = DocumentOf<typeof Schedule>
export type ScheduledRun = DocumentOf<typeof ScheduledRun>

export const scheduleState = { class: { Schedule, ScheduledRun } }

export const scheduleModel = builder.transactions()
