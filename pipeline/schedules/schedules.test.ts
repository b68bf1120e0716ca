import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import { FakeScheduler, fakeClock } from '../../tests/support/fake-scheduler.ts'
import { ann, caller, modulePipeline, type TestPipeline } from '../../tests/support/test-pipeline.ts'
import { createTask } from '../../tests/support/transactions.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { job, type Job } from '../modules/job.ts'
import { scheduleState } from '../modules/schedule-state.ts'
import type { SyncTrigger } from '../modules/trigger.ts'
import { nextRun } from './next-run.ts'

const HOUR = 3_600_000
const system = caller('system', { system: true, account: core.account.System })

/** Workspaces with jobs, whose time stands still until a test advances it. */
class Jobs {
  readonly time = new FakeScheduler()
  readonly runs: { dueAt: number; params: unknown }[] = []
  readonly #storage = createMemoryStorage()
  opened!: TestPipeline

  async open(jobs: Record<string, Job>, triggers: readonly SyncTrigger[] = []): Promise<void> {
    const { schedule } = fakeClock(this.time)
    const limits = { firstDelay: 1, longestDelay: 2, attempts: 2 }
    this.opened = await modulePipeline(
      { jobs, triggers },
      { limits },
      { storage: this.#storage, now: this.time.now, schedule },
    )
  }

  async close(): Promise<void> {
    await this.opened.pipeline.close()
  }

  noting(declared: Partial<Job> = {}): Job {
    return job({
      run: ({ dueAt }, params: unknown) => {
        this.runs.push({ dueAt, params })
        return []
      },
      ...declared,
    })
  }

  async advance(milliseconds: number): Promise<void> {
    await this.time.advance(milliseconds)
    await this.opened.pipeline.storage.readLog({ after: 0, limit: 1 })
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    await this.opened.pipeline.triggersIdle()
  }

  async stored(): Promise<number> {
    const { ScheduledRun } = scheduleState.class
    const found = await this.opened.pipeline.find(system, { _class: ScheduledRun, query: {}, options: {} })
    return (found as unknown[]).length
  }
}

/** Has a job run later for each new task. */
const later: SyncTrigger = {
  kind: 'sync',
  name: 'later',
  on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
  run: ({ runAfter, after }) => [runAfter(HOUR, 'remind', { task: after?._id })],
}

describe('jobs', () => {
  test('MOD-150: a job with a cron expression runs once each time, and once for the times at which the workspace was closed', async () => {
    const jobs = new Jobs()
    const start = jobs.time.now()
    await jobs.open({ hourly: jobs.noting({ cron: '0 * * * *' }) })
    await jobs.advance(HOUR - 1)
    expect(jobs.runs).toHaveLength(0)
    await jobs.advance(2)
    await jobs.advance(HOUR)
    expect(jobs.runs.map(({ dueAt }) => (dueAt - start) / HOUR)).toStrictEqual([1, 2])
    expect(await jobs.stored()).toBe(0)
    await jobs.close()
    jobs.time.jump(10 * HOUR)
    await jobs.open({ hourly: jobs.noting({ cron: '0 * * * *' }) })
    await jobs.advance(1)
    expect(jobs.runs.map(({ dueAt }) => (dueAt - start) / HOUR)).toStrictEqual([1, 2, 3])
    await jobs.advance(HOUR)
    expect(jobs.runs.map(({ dueAt }) => (dueAt - start) / HOUR)).toStrictEqual([1, 2, 3, 13])
    await jobs.close()
  })

  test('MOD-151: a changed cron expression counts from the next opening on, and a job that is gone runs no more', async () => {
    const jobs = new Jobs()
    await jobs.open({ a: jobs.noting({ cron: '0 0 * * *' }), b: jobs.noting({ cron: '0 * * * *' }) })
    await jobs.close()
    await jobs.open({ a: jobs.noting({ cron: '30 * * * *' }) })
    const start = jobs.time.now()
    await jobs.advance(HOUR)
    await jobs.advance(HOUR)
    expect(jobs.runs.map(({ dueAt }) => (dueAt - start) / HOUR)).toStrictEqual([0.5, 1.5])
    await jobs.close()
  })

  test('MOD-152: `runAfter` of a trigger has a job run once with its params, if the transaction is committed', async () => {
    const jobs = new Jobs()
    const refuse: SyncTrigger = {
      ...later,
      name: 'refuse',
      run: ({ after }) => {
        if (after?._id === 'bad') throw new Error('refused')
        return []
      },
    }
    const remind = jobs.noting({ params: z.object({ task: z.string() }) as never })
    await jobs.open({ remind }, [later, refuse])
    const { pipeline } = jobs.opened
    for (let at = 0; at < 250; at++) await pipeline.tx(ann, createTask(`t${at}`, { title: 'x' }))
    await expect(pipeline.tx(ann, createTask('bad', { title: 'x' }))).rejects.toThrow('InternalServerError')
    expect(await jobs.stored()).toBe(250)
    await jobs.close()
    await jobs.open({ remind }, [later, refuse])
    await jobs.advance(HOUR)
    const expected = Array.from({ length: 250 }, (_, at) => `t${at}`)
    const told = jobs.runs.map(({ params }) => (params as { task: string }).task)
    expect(told.toSorted()).toStrictEqual(expected.toSorted())
    expect(await jobs.stored()).toBe(0)
    await jobs.close()
  })

  test('MOD-153: what a job returns is committed once, and a run that fails too often becomes a dead letter', async () => {
    const jobs = new Jobs()
    let tries = 0
    const create = job({
      cron: '0 * * * *',
      run: ({ bySystem, dueAt }) => {
        tries += 1
        if (tries === 1) throw new Error('not yet')
        return [bySystem.create(board.class.Project, core.space.Space, { name: `at ${dueAt}`, members: [] })]
      },
    })
    const fail = job({
      cron: '0 * * * *',
      run: () => {
        throw new Error('never')
      },
    })
    await jobs.open({ create, fail })
    await jobs.advance(HOUR)
    const projects = async () =>
      ((await jobs.opened.find(board.class.Project)) as unknown as { name: string }[]).filter(({ name }) =>
        name.startsWith('at '),
      )
    expect(await projects()).toHaveLength(1)
    await jobs.advance(HOUR)
    expect(await projects()).toHaveLength(2)
    const failures = jobs.opened.log.lines.filter(({ message }) => message.includes('dead letter'))
    expect(failures.map(({ fields }) => (fields as { trigger: string }).trigger)).toStrictEqual([
      'test.fail',
      'test.fail',
    ])
    await jobs.close()
  })

  test('MOD-154: a cron expression counts in its time zone: a time that the clocks skip comes once, and so does one that they repeat', () => {
    const next = (cron: string, zone: string, after: string) => {
      const found = nextRun(cron, zone, Date.parse(after))
      return found === undefined ? undefined : new Date(found).toISOString().slice(0, 16)
    }
    const berlin = (after: string) => next('30 2 * * *', 'Europe/Berlin', after)
    expect(berlin('2026-03-28T12:00Z')).toBe('2026-03-29T01:00')
    expect(berlin('2026-03-29T01:00Z')).toBe('2026-03-30T00:30')
    expect(berlin('2026-10-24T12:00Z')).toBe('2026-10-25T00:30')
    expect(berlin('2026-10-25T00:30Z')).toBe('2026-10-26T01:30')
    expect(next('0 8 * * 1', 'America/New_York', '2026-11-26T00:00Z')).toBe('2026-11-30T13:00')
    expect(next('0 0 31 2 *', 'UTC', '2026-11-26T00:00Z')).toBeUndefined()
  })

  test('MOD-155: a date that is set ahead or back starts each run once, at its time', async () => {
    const jobs = new Jobs()
    const start = jobs.time.now()
    await jobs.open({ hourly: jobs.noting({ cron: '0 * * * *' }) })
    jobs.time.setDate(HOUR)
    await jobs.advance(60_000)
    expect(jobs.runs).toHaveLength(1)
    jobs.time.setDate(-HOUR)
    await jobs.advance(HOUR)
    expect(jobs.runs).toHaveLength(1)
    await jobs.advance(HOUR)
    expect(jobs.runs.map(({ dueAt }) => (dueAt - start) / HOUR)).toStrictEqual([1, 2])
    await jobs.close()
  })

  test('MOD-157: a run of a job that no module declares is removed when it is due, and logged', async () => {
    const jobs = new Jobs()
    const asks: SyncTrigger = {
      ...later,
      run: ({ runAfter }) => [runAfter(HOUR, 'gone'), runAfter(HOUR, 'here')],
    }
    await jobs.open({ here: jobs.noting() }, [asks])
    await jobs.opened.pipeline.tx(ann, createTask('t1', { title: 'x' }))
    expect(await jobs.stored()).toBe(2)
    await jobs.advance(HOUR)
    expect([jobs.runs.length, await jobs.stored()]).toStrictEqual([1, 0])
    const lines = jobs.opened.log.lines.filter(({ message }) => message.includes('no module declares'))
    expect(lines.map(({ fields }) => (fields as { job: string }).job)).toStrictEqual(['test.gone'])
    await jobs.close()
  })
})
