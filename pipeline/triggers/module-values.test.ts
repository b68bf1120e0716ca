import { describe, expect, test } from '@jest/globals'
import { board, type Task } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { Class, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { pushAll } from '../../model/push-all.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { ann, modulePipeline, type TestPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, createTask, updateTask } from '../../tests/support/transactions.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { systemCaller } from '../shared/caller.ts'
import { verifyLog } from '../verify/verify-log.ts'
import type { AsyncTrigger, SyncContext, SyncTrigger } from '../modules/trigger.ts'
import type { Migration } from '../modules/module.ts'

const { Task: TaskClass } = board.class
const { Account, UserStatus } = core.class

/** Changes every part of a value that can be changed. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) spoil(member)
  if (Array.isArray(value)) value.push('spoiled')
  else Object.assign(value, { title: 'spoiled', email: 'spoiled', labels: 'spoiled', spoiled: true })
}

/** Reads by every way that a trigger has: stored, staged, model and transient documents. */
async function readAll({ get, findAll }: Pick<SyncContext, 'get' | 'findAll'>): Promise<unknown[]> {
  return [
    await get(TaskClass, 't' as Ref),
    await get(Account, 'account:ann' as Ref),
    await get(UserStatus, 'status' as Ref),
    ...(await findAll(TaskClass, {})),
    ...(await findAll(Account, {})),
    ...(await findAll(UserStatus, {})),
  ]
}

const spoilingSync: SyncTrigger = {
  kind: 'sync',
  name: 'spoiling',
  on: { classes: [TaskClass] },
  run: async (context, tx) => {
    const values = [tx, context.before, context.after, ...(await readAll(context))]
    const made =
      context.after === undefined || tx.space === core.space.DerivedTx
        ? []
        : [context.bySystem.update(context.after, { description: 'by trigger' })]
    spoil(values)
    // The queue goes on only after this turn.
    setImmediate(() => spoil(made))
    return made
  },
}

const spoilingAsync: AsyncTrigger = {
  kind: 'async',
  name: 'spoilingLater',
  on: { classes: [TaskClass] },
  run: async (context, tx) => {
    spoil([tx, ...(await readAll(context))])
    return []
  },
}

const spoilingMigration: Migration = {
  name: 'spoiling',
  run: async ({ findAll, commit, factory }) => {
    const made = [factory.create(TaskClass, 'p' as never, { title: 'm', labels: ['a'] }, { _id: 'm' as Ref })]
    const done = commit(made)
    spoil(made)
    await done
    spoil([...(await findAll(TaskClass, {})), ...(await findAll(Account, {}))])
    return []
  },
}

async function contentOf({ pipeline }: TestPipeline): Promise<string> {
  const found = [TaskClass, Account, UserStatus].map(
    async (_class) =>
      await pipeline.find(systemCaller, { _class: _class as Ref<Class>, query: {}, options: {} }),
  )
  return JSON.stringify(await Promise.all(found))
}

function statusOf(): TxCUD {
  const status = createTask('status', {}) as unknown as TxCUD
  return { ...status, objectClass: UserStatus, attributes: { user: 'account:ann', online: true } } as TxCUD
}

describe('values that modules get', () => {
  test('MOD-100: whatever a module does to what it gets and to what it returned, documents, log, pushes and later reads are as committed', async () => {
    const opened = await modulePipeline({
      triggers: [spoilingSync, spoilingAsync],
      migrations: [spoilingMigration],
    })
    const { pipeline, pushes } = opened
    await pipeline.tx(systemCaller, statusOf())
    for (const at of [1, 2, 3]) {
      const nested = { title: `t${at}`, labels: ['a', 'b'] }
      await pipeline.tx(ann, at === 1 ? createTask('t', nested) : updateTask('t', nested))
      // Staged together, so that the second one reads what the first one staged.
      await Promise.all([
        pipeline.tx(ann, updateTask('t', { rank: 'r' })),
        pipeline.tx(
          ann,
          applyIf({ txes: [createTask(`u${at}`, nested), updateTask(`u${at}`, { rank: 'r' })] }),
        ),
      ])
    }
    await pipeline.triggersIdle()
    const method = pipeline.moduleContextFor(ann)
    spoil([...(await method.findAll(TaskClass, {})), ...(await method.findAll(Account, {}))])
    expect(() => Object.assign(method.caller, { role: 'OWNER', admin: true })).toThrow(TypeError)
    expect(ann.role).toBe('USER')
    expect(JSON.stringify(pushes)).not.toContain('spoiled')
    expect(await contentOf(opened)).not.toContain('spoiled')
    expect(JSON.stringify(await pipeline.storage.readLog({ after: 0, limit: 100 }))).not.toContain('spoiled')
    expect(JSON.stringify([...pipeline.model.documents()])).not.toContain('spoiled')
    const [task] = await opened.find(TaskClass, { _id: 't' as Ref })
    expect(task).toMatchObject({ title: 't3', labels: ['a', 'b'], description: 'by trigger' })
    const verified = await verifyLog(pipeline.storage, pipeline.model.hierarchy)
    expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
  })

  test('MOD-101: frozen values make a change of them a TypeError at once, logged with the trigger, and copies are each run’s own', async () => {
    const seen: unknown[] = []
    const changing = (name: string): SyncTrigger => ({
      kind: 'sync',
      name,
      on: { classes: [TaskClass] },
      run: ({ after }, tx) => {
        const task = after as Task
        seen.push(task.title, task.labels?.length, 'title' in tx)
        Object.assign(tx, { title: 'x' })
        task.labels?.push('x')
        task.title = 'x'
        return []
      },
    })
    const module = { triggers: [changing('first'), changing('second')] }
    const copying = await modulePipeline(module)
    await copying.pipeline.tx(ann, createTask('t', { title: 't', labels: ['a'] }))
    expect(seen.splice(0)).toStrictEqual(['t', 1, false, 't', 1, false])
    const freezing = await modulePipeline(module, { checks: 'freeze' })
    const refused = freezing.pipeline.tx(ann, createTask('t', { title: 't', labels: ['a'] }))
    await expect(refused).rejects.toThrow('platform:status:InternalServerError')
    const report = freezing.log.lines[0]!
    expect(report).toMatchObject({ message: 'a trigger failed', fields: { trigger: 'test.first' } })
    expect((report.fields as { err: Error }).err.name).toBe('TypeError')
  })

  test('MOD-101: where values are frozen, everything that is read is, and an array of results may be sorted', async () => {
    const values: unknown[] = []
    const trigger: SyncTrigger = {
      kind: 'sync',
      name: 'looking',
      on: { classes: [TaskClass] },
      run: async (context, tx) => {
        const found = await context.findAll(TaskClass, {})
        found.sort((a, b) => (a._id < b._id ? 1 : -1))
        pushAll(values, [tx, context.after, ...found, ...(await readAll(context))])
        return []
      },
    }
    const { pipeline } = await modulePipeline({ triggers: [trigger] }, { checks: 'freeze' })
    await pipeline.tx(systemCaller, statusOf())
    await pipeline.tx(ann, createTask('t', { title: 't', labels: ['a'] }))
    await pipeline.tx(ann, updateTask('t', { labels: ['b'] }))
    const method = pipeline.moduleContextFor(ann)
    pushAll(values, await method.findAll(TaskClass, {}))
    for (const value of values) {
      expectFor(JSON.stringify(value), Object.isFrozen(value)).toBe(true)
      const { labels } = value as Partial<Task>
      expect(Object.isFrozen(labels)).toBe(true)
    }
    const verified = await verifyLog(pipeline.storage, pipeline.model.hierarchy)
    expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
  })

  test('MOD-102: the hierarchy that a module gets cannot be changed, whatever the option says', async () => {
    const { pipeline } = await modulePipeline({})
    const { hierarchy } = pipeline.moduleContextFor(ann)
    const attempts: ((given: Hierarchy) => unknown)[] = [
      (given) => given.apply(createTask('x', {}, { space: core.space.Model })),
      (given) => (given.descendants(core.class.Doc) as unknown as Ref[]).sort(),
      (given) => (given.attributes(TaskClass) as Map<string, unknown>).clear(),
      (given) => (given.ownAttributes(TaskClass) as Map<string, unknown>).delete('title'),
      (given) => (given.ownAttributes(core.class.TxRemoveDoc) as Map<string, unknown>).set('a', 1),
      (given) => (given.domains() as Map<string, unknown>).set('a', []),
      (given) => (given.domains().get('task') as unknown as string[]).push('a'),
      (given) => (given.creatorsOnly() as Set<string>).add('a'),
      (given) => (given.accented() as Set<string>).add('a'),
      (given) => Object.assign(given.getClass(TaskClass), { label: 'x' }),
      (given) => Object.assign(given.attributes(TaskClass).get('title')!.type, { label: 'x' }),
      (given) => given.findEnum('board:enum:Status')!.enumValues.push('x'),
    ]
    for (const attempt of attempts)
      expectFor(String(attempt), () => attempt(hierarchy)).toThrow(
        /in use|not extensible|read only|assign|only/,
      )
    // A copy of it may be.
    const copy = hierarchy.clone()
    copy.apply({ ...createTask('x', {}), objectSpace: core.space.Model } as never)
    expect(hierarchy.descendants(core.class.Doc).length).toBeGreaterThan(10)
  })
})
