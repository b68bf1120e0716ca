import { describe, expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import { ann, caller, modulePipeline, type TestPipeline } from '../../tests/support/test-pipeline.ts'
import { comment, createTask, updateTask } from '../../tests/support/transactions.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'
import { type Storage, StorageError, type WorkspaceStorage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { verifyLog } from '../verify/verify-log.ts'
import { moduleState } from '../modules/module-state.ts'
import type { AsyncTrigger } from '../modules/trigger.ts'

const { Comment, Task: TaskClass } = board.class
const { DeadLetter, TriggerCursor } = moduleState.class
const system = caller('system', { system: true, account: core.account.System })
const fast = { firstDelay: 1, longestDelay: 2 }

/** Adds a remark to each new task. */
const remark: AsyncTrigger = {
  kind: 'async',
  name: 'remark',
  on: { classes: [TaskClass], transactions: [core.class.TxCreateDoc] },
  run: async ({ bySystem, get }, { objectId }) => {
    const task = await get(TaskClass, objectId)
    return task === undefined ? [] : [bySystem.attach(task, 'comments', Comment, { message: task.title })]
  },
}

async function remarks({ find }: TestPipeline): Promise<string[]> {
  return (await find(Comment)).map((doc) => (doc as unknown as { message: string }).message)
}

async function setAside({ pipeline }: TestPipeline): Promise<{ trigger: string; message: string }[]> {
  const found = await pipeline.find(system, { _class: DeadLetter, query: {}, options: {} })
  return found as unknown as { trigger: string; message: string }[]
}

async function cursor({ pipeline }: TestPipeline, name = 'remark'): Promise<number> {
  const _id = `trigger:test.${name}` as Ref
  const found = await pipeline.find(system, { _class: TriggerCursor, query: { _id }, options: {} })
  return (found as unknown as { seq: number }[])[0]?.seq ?? -1
}

describe('asynchronous triggers', () => {
  test('PIPE-50: an asynchronous trigger runs after the response, in the order of the log, once for each transaction', async () => {
    const opened = await modulePipeline({ triggers: [remark] })
    const titles = Array.from({ length: 40 }, (_, at) => `t${at}`)
    await Promise.all(titles.map((title) => opened.pipeline.tx(ann, createTask(title, { title }))))
    // No trigger has run before the response.
    expect(await remarks(opened)).toHaveLength(0)
    await waitUntil(async () => (await remarks(opened)).length === 40, 'the trigger')
    const log = await opened.pipeline.storage.readLog({ after: 0, limit: 1000 })
    const made = log
      .filter(({ tx }) => tx._class === core.class.TxCollectionCUD)
      .map(({ tx }) => (tx as unknown as { objectId: string }).objectId)
    expect(made).toStrictEqual(titles)
    const visible = await opened.find(core.class.Tx)
    // Transactions of triggers are hidden from queries of the log.
    expect(visible.length).toBe(40)
    expect(
      (await verifyLog(opened.pipeline.storage, opened.pipeline.model.hierarchy)).differences,
    ).toStrictEqual([])
  })

  test('PIPE-51: a trigger continues from its cursor when the workspace opens again, and its transactions are committed once', async () => {
    const storage = createMemoryStorage()
    let release: () => void = () => undefined
    const held: AsyncTrigger = {
      ...remark,
      run: async (context, tx) => {
        if (tx.objectId !== 't0') await new Promise<void>((resolve) => (release = resolve))
        return await remark.run(context, tx)
      },
    }
    const first = await modulePipeline({ triggers: [held] }, {}, { storage })
    for (const title of ['t0', 't1', 't2']) await first.pipeline.tx(ann, createTask(title, { title }))
    await waitUntil(async () => (await remarks(first)).length === 1, 'the trigger')
    await first.pipeline.close()
    release()
    const second = await modulePipeline({ triggers: [remark] }, {}, { storage })
    await waitUntil(async () => (await remarks(second)).length === 3, 'the trigger')
    await second.pipeline.close()
    const third = await modulePipeline({ triggers: [remark] }, {}, { storage })
    await third.pipeline.tx(ann, createTask('t3', { title: 't3' }))
    await waitUntil(async () => (await remarks(third)).length === 4, 'the trigger')
    expect((await remarks(third)).toSorted()).toStrictEqual(['t0', 't1', 't2', 't3'])
  })

  test('PIPE-52: a trigger that is new to a workspace begins with the next transaction', async () => {
    const storage = createMemoryStorage()
    const before = await modulePipeline({}, {}, { storage })
    await before.pipeline.tx(ann, createTask('old', { title: 'old' }))
    await before.pipeline.close()
    const after = await modulePipeline({ triggers: [remark] }, {}, { storage })
    await after.pipeline.tx(ann, createTask('new', { title: 'new' }))
    await waitUntil(async () => (await remarks(after)).length > 0, 'the trigger')
    expect(await remarks(after)).toStrictEqual(['new'])
  })

  test('PIPE-53: a failing trigger is tried again, after the last attempt the transaction becomes a dead letter and is reported, and the trigger continues', async () => {
    const failures: unknown[] = []
    let runs = 0
    const flaky: AsyncTrigger = {
      ...remark,
      run: async (context, tx) => {
        if (tx.objectId === 'once' && ++runs === 1) throw new Error('not yet')
        if (tx.objectId === 'never') throw new StatusError('platform:status:UnknownError', { message: 'no' })
        return await remark.run(context, tx)
      },
    }
    const opened = await modulePipeline(
      { triggers: [flaky] },
      { limits: { ...fast, attempts: 3 }, observer: { triggerFailed: (...of) => failures.push(of) } },
    )
    for (const title of ['once', 'never', 'fine']) await opened.pipeline.tx(ann, createTask(title, { title }))
    await waitUntil(async () => (await remarks(opened)).length === 2, 'the trigger')
    await waitUntil(async () => (await setAside(opened)).length === 1, 'the dead letter')
    expect((await remarks(opened)).toSorted()).toStrictEqual(['fine', 'once'])
    const aside = (await setAside(opened)).map(({ trigger, message }) => [trigger, message])
    expect(aside).toStrictEqual([['test.remark', 'platform:status:UnknownError']])
    const outcomes = ['retried', 'retried', 'retried', 'dead-letter'].map((outcome) => [
      'test.remark',
      outcome,
    ])
    expect(failures).toStrictEqual(outcomes)
    expect(
      opened.log.lines.some(({ level, message }) => level === 'error' && message.includes('set aside')),
    ).toBe(true)
  })

  test('PIPE-54: asynchronous triggers that run each other endlessly are ended, and reported by name', async () => {
    const failures: unknown[] = []
    const ping: AsyncTrigger = {
      kind: 'async',
      name: 'ping',
      on: { classes: [TaskClass], transactions: [core.class.TxUpdateDoc] },
      run: async ({ bySystem, get }, { objectId }) => {
        const task = await get(TaskClass, objectId)
        // The change of the collection’s counter is an update too.
        return task === undefined ? [] : [bySystem.attach(task, 'comments', Comment, { message: 'again' })]
      },
    }
    const opened = await modulePipeline(
      { triggers: [ping] },
      { limits: { ...fast, generations: 5 }, observer: { triggerFailed: (...of) => failures.push(of) } },
    )
    await opened.pipeline.tx(ann, createTask('t', { title: 't' }))
    const forged = { ...updateTask('t', { rank: '1' }), meta: { generation: 99, triggers: 'a' } }
    await opened.pipeline.tx(ann, forged)
    await waitUntil(async () => (await setAside(opened)).length === 1, 'the trigger')
    expect(await remarks(opened)).toHaveLength(5)
    expect(failures).toStrictEqual([['test.ping', 'loop']])
    const [line] = opened.log.lines.filter(({ message }) => message.includes('without end'))
    const { triggers } = (line?.fields ?? {}) as { triggers?: string[] }
    expect(triggers).toStrictEqual(Array<string>(5).fill('test.ping'))
  })

  test('PIPE-55: a trigger waits while storage is unavailable or a reply is lost, and its transactions are committed once', async () => {
    const inner = createMemoryStorage()
    const plan = { fail: 0, lose: 0 }
    const storage: Storage = {
      ...inner,
      name: 'failing',
      close: () => inner.close(),
      openWorkspace: async (...of) => failing(await inner.openWorkspace(...of), plan),
    }
    const failures: string[] = []
    const observer = { triggerFailed: (_trigger: string, failure: string) => void failures.push(failure) }
    const opened = await modulePipeline({ triggers: [remark] }, { limits: fast, observer }, { storage })
    for (let at = 0; at < 12; at++) {
      const create = createTask(`t${at}`, { title: `t${at}` })
      if (at % 3 === 2) {
        plan.lose = 1
        await expect(opened.pipeline.tx(ann, create)).rejects.toThrow(
          expect.objectContaining({ code: 'unavailable' }),
        )
      }
      await opened.pipeline.tx(ann, create)
      if (at % 3 === 0) plan.fail = 4
      if (at % 3 === 1) plan.lose = 1
      await waitUntil(async () => (await remarks(opened)).length === at + 1, 'the trigger')
    }
    const expected = Array.from({ length: 12 }, (_, at) => `t${at}`)
    expect((await remarks(opened)).toSorted()).toStrictEqual(expected.toSorted())
    // There is no dead letter.
    expect(new Set(failures)).toStrictEqual(new Set(['retried']))
    const verified = await verifyLog(opened.pipeline.storage, opened.pipeline.model.hierarchy)
    expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
  })

  test('PIPE-56: a trigger that falls behind reads the log instead of queueing transactions, and misses nothing', async () => {
    const opened = await modulePipeline({ triggers: [remark] }, { limits: { waiting: 3 } })
    const titles = Array.from({ length: 60 }, (_, at) => `t${at}`)
    for (let at = 0; at < titles.length; at += 6) {
      const some = titles.slice(at, at + 6)
      await Promise.all(some.map((title) => opened.pipeline.tx(ann, createTask(title, { title }))))
    }
    await waitUntil(async () => (await remarks(opened)).length >= 60, 'the trigger')
    expect((await remarks(opened)).toSorted()).toStrictEqual(titles.toSorted())
  })

  test('PIPE-57: the cursor of a trigger is stored even when it makes no transactions, and is visible to the system and administrators only', async () => {
    const silent: AsyncTrigger = {
      ...remark,
      name: 'silent',
      on: { classes: [core.class.Doc] },
      run: () => [],
    }
    const opened = await modulePipeline({ triggers: [silent] }, { limits: { saveDelay: 1 } })
    await opened.pipeline.tx(ann, createTask('t', { title: 't' }))
    await opened.pipeline.tx(ann, comment('t', 'c'))
    const last = opened.pipeline.lastSeq()
    await waitUntil(async () => (await cursor(opened, 'silent')) >= last - 1, 'the trigger')
    expect((await opened.find(TriggerCursor)).length).toBe(0)
    const heard = opened.pushes.filter((push) => opened.pipeline.mayReceive(ann, push))
    expect(
      heard.filter(
        ({ tx }) =>
          tx._class === core.class.TxUpdateDoc && 'objectClass' in tx && tx.objectClass === TriggerCursor,
      ),
    ).toStrictEqual([])
    const settled = opened.pipeline.lastSeq()
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    // Storing the cursor runs no trigger.
    expect(opened.pipeline.lastSeq() - settled).toBeLessThanOrEqual(1)
  })

  test('PIPE-65: a trigger that makes no transactions does not commit for each one: its cursor is stored in a pause, and at the end', async () => {
    const seen: string[] = []
    const silent: AsyncTrigger = {
      ...remark,
      run: (_context, { objectId }) => {
        seen.push(objectId)
        return []
      },
    }
    const storage = createMemoryStorage()
    const limits = { saveDelay: 60_000 }
    const first = await modulePipeline({ triggers: [silent] }, { limits }, { storage })
    const before = first.pipeline.lastSeq()
    for (const task of ['a', 'b', 'c', 'd']) {
      await first.pipeline.tx(ann, createTask(task, { title: task }))
      await waitUntil(() => seen.at(-1) === task, 'the trigger')
    }
    expect(first.pipeline.lastSeq()).toBe(before + 4)
    await first.pipeline.close()
    const second = await modulePipeline({ triggers: [silent] }, { limits }, { storage })
    expect(second.pipeline.lastSeq()).toBe(before + 5)
    await second.pipeline.tx(ann, createTask('e', { title: 'e' }))
    await waitUntil(() => seen.at(-1) === 'e', 'the trigger')
    expect(seen).toStrictEqual(['a', 'b', 'c', 'd', 'e'])
    await second.pipeline.close()
  })

  test('PIPE-58: a run that exceeds its time has failed, and a running one does not delay closing', async () => {
    let aborted = 0
    const slow: AsyncTrigger = {
      ...remark,
      run: async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        aborted += 1
        return []
      },
    }
    const opened = await modulePipeline(
      { triggers: [slow] },
      { limits: { ...fast, runTime: 5, attempts: 2 } },
    )
    await opened.pipeline.tx(ann, createTask('t', { title: 't' }))
    await waitUntil(async () => (await setAside(opened)).length === 1, 'the trigger')
    expect((await setAside(opened))[0]?.message).toBe('it took longer than 5 ms')
    expect(aborted).toBe(2)
    await opened.pipeline.close()
    let started = false
    const endless: AsyncTrigger = {
      ...remark,
      run: async () => {
        started = true
        return await new Promise(() => undefined)
      },
    }
    const held = await modulePipeline({ triggers: [endless] })
    await held.pipeline.tx(ann, createTask('t', { title: 't' }))
    await waitUntil(() => started, 'the trigger')
    await held.pipeline.close()
  })

  /** Storage of a workspace whose next commits fail, or are made without a reply. */
  function failing(inner: WorkspaceStorage, plan: { fail: number; lose: number }): WorkspaceStorage {
    return new Proxy(inner, {
      get: (target, name) => {
        if (name !== 'commit') {
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        }
        return async (...of: Parameters<WorkspaceStorage['commit']>) => {
          if (plan.fail > 0) {
            plan.fail -= 1
            throw new StorageError('unavailable', 'away')
          }
          await target.commit(...of)
          if (plan.lose === 0) return
          plan.lose -= 1
          throw new StorageError('unavailable', 'lost')
        }
      },
    })
  }
})
