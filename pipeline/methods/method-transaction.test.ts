import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { setImmediate as tick } from 'node:timers/promises'
import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import type { Ref, Space } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { temporaryFolder } from '../../tests/support/executable.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'
import { ann, bob, modulePipeline, type TestPipeline } from '../../tests/support/test-pipeline.ts'
import { change, createTask, removeTask, updateTask } from '../../tests/support/transactions.ts'
import type { Storage } from '../../storage/contract.ts'
import { serviceMethod } from '../modules/module.ts'
import type { MethodCall, MethodTransaction } from '../modules/method-call.ts'
import { type Caller, systemCaller } from '../shared/caller.ts'
import { CallEnding } from './call-ending.ts'

const { Task } = board.class
const space = 'board:project:test' as Ref<Space>
const id = (name: string) => name as Ref

type Work = (call: MethodCall) => unknown

/** Runs code as a method. */
async function methods(
  storage?: Storage,
): Promise<TestPipeline & { run: (work: Work, caller?: Caller) => Promise<unknown> }> {
  const made = await modulePipeline({}, {}, storage === undefined ? {} : { storage })
  const run = (work: Work, caller = ann) => {
    const method = serviceMethod({ params: z.array(z.unknown()), run: work })
    const request = { name: 'test.run', method, caller, params: [], rawParams: [], ending: new CallEnding() }
    return made.pipeline.methods.call(request)
  }
  return { ...made, run }
}

const votesOf = async ({ find }: TestPipeline, _id = 'task') =>
  (await find(Task, { _id: id(_id) }))[0] as unknown as { votes: number } | undefined

async function take({ transaction }: MethodCall, most: number): Promise<'ok' | 'full'> {
  return await transaction(async ({ get, commit, factory }) => {
    const task = await get(Task, id('task'))
    const votes = task?.votes ?? 0
    if (task === undefined || votes >= most) return 'full'
    commit([factory.update(task, { votes: votes + 1 })])
    return 'ok'
  })
}

/** Runs a transaction whose first runs are disturbed after their reads. Returns its result, and how often it ran. */
async function disturbed<T>(
  run: (work: Work) => Promise<unknown>,
  work: (t: MethodTransaction) => Promise<T>,
  disturb: (runs: number) => Promise<unknown>,
): Promise<[result: unknown, runs: number]> {
  let count = 0
  const result = await run(({ transaction }) =>
    transaction(async (t) => {
      count += 1
      const value = await work(t)
      await disturb(count)
      return value
    }),
  )
  return [result, count]
}

describe('transactions with reads', () => {
  test('MOD-80: a method commits if its conditions hold, and learns whether they did', async () => {
    const { pipeline, run, find } = await methods()
    await pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }))
    const first = { match: [{ _class: Task, query: { _id: id('task'), votes: 0 } }] }
    const voting = ({ applyIf, factory }: MethodCall) =>
      applyIf([factory.update({ _id: id('task'), _class: Task, space }, { votes: 1 })], first)
    expect([await run(voting), await run(voting)]).toStrictEqual([true, false])
    const naming = ({ applyIf, factory }: MethodCall) =>
      applyIf([factory.create(Task, space, { title: 'only' })], {
        notMatch: [{ _class: Task, query: { title: 'only' } }],
      })
    expect([await run(naming), await run(naming)]).toStrictEqual([true, false])
    expect(await find(Task, { title: 'only' })).toHaveLength(1)
    await pipeline.close()
  })

  test('MOD-81: of 50 callers that read, check and write a counter as many are told ok as the counter says', async () => {
    for (const kind of ['memory', 'sqlite'] as const) {
      const storage =
        kind === 'memory' ? undefined : createSqliteStorage({ directory: await temporaryFolder() })
      const made = await methods(storage)
      await made.pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }))
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, at) => made.run((call) => take(call, 40), at % 2 === 0 ? ann : bob)),
      )
      const told = results.filter((result) => result === 'ok').length
      expect([kind, told, (await votesOf(made))?.votes]).toStrictEqual([kind, 40, 40])
      await made.pipeline.close()
      await storage?.close()
    }
  })

  test('MOD-81: whoever writes in between, a transaction is committed only over what it has read', async () => {
    const step = fc.record({ kind: fc.constantFrom('take', 'add', 'remove', 'create'), pause: fc.nat(3) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 10 }),
        async (steps, most) => {
          const made = await methods()
          const { pipeline, run } = made
          const total = async () =>
            (await made.find(Task, {})).reduce(
              (sum, task) => sum + (task as unknown as { votes: number }).votes,
              0,
            )
          // One vote for each, as long as all together have fewer.
          const spend = ({ transaction }: MethodCall) =>
            transaction(async ({ findAll, commit, factory }) => {
              const tasks = await findAll(Task, {})
              const [first] = tasks
              const sum = tasks.reduce((all, { votes }) => all + (votes ?? 0), 0)
              if (first === undefined || sum >= most) return 0
              commit([factory.update(first, { $inc: { votes: 1 } })])
              return 1
            })
          let added = 0
          const works = steps.map(async ({ kind, pause }, at) => {
            for (let waited = 0; waited < pause; waited++) await tick()
            if (kind === 'take') return (await run(spend)) as number
            if (kind === 'create')
              await pipeline.tx(bob, createTask(`t${at}`, { title: 'x', votes: 0 }, { by: 'account:bob' }))
            // The documents of others, without votes: phantoms come and go.
            if (kind === 'add')
              await pipeline
                .tx(bob, createTask(`p${at}`, { title: 'x', votes: 0 }, { by: 'account:bob' }))
                .then(() => (added += 1))
            if (kind === 'remove') await pipeline.tx(bob, removeTask(`p${at - 1}`, { by: 'account:bob' }))
            return 0
          })
          const taken = (await Promise.all(works)).reduce((sum, one) => sum + one, 0)
          expect(taken).toBeLessThanOrEqual(most)
          // Votes vanish only with a document that was removed.
          expect(await total()).toBeLessThanOrEqual(taken)
          if (!steps.some(({ kind }) => kind === 'remove')) expect(await total()).toBe(taken)
          await pipeline.close()
        },
      ),
      propertyParameters({ numRuns: 40 }),
    )
  })

  test('MOD-82: a document that a query would find now counts as a change, and so does one that it would not find any more', async () => {
    const made = await methods()
    const { pipeline, run } = made
    const unique = await Promise.all(
      Array.from({ length: 20 }, () =>
        run(({ transaction }) =>
          transaction(async ({ findAll, commit, factory }) => {
            if ((await findAll(Task, { title: 'only' })).length > 0) return false
            commit([factory.create(Task, space, { title: 'only' })])
            return true
          }),
        ),
      ),
    )
    expect(unique.filter(Boolean)).toHaveLength(1)
    expect(await made.find(Task, { title: 'only' })).toHaveLength(1)
    await pipeline.tx(ann, createTask('a', { title: 'mine', votes: 1 }))
    const count = ({ findAll }: MethodTransaction) => findAll(Task, { title: 'mine', votes: { $gte: 1 } })
    const reading = async (t: MethodTransaction) => {
      const found = await count(t)
      t.commit([t.factory.create(Task, space, { title: 'sum', votes: found.length })])
      return found.length
    }
    const changes = [
      updateTask('a', { votes: 0 }),
      createTask('b', { title: 'mine', votes: 5 }),
      updateTask('b', { title: 'other' }),
    ]
    const found = [0, 1, 0]
    for (const [at, tx] of changes.entries()) {
      const disturb = async (runs: number) => await (runs === 1 ? pipeline.tx(ann, tx) : undefined)
      expect(await disturbed(run, reading, disturb)).toStrictEqual([found[at], 2])
    }
    await pipeline.close()
  })

  test('MOD-83: changes of other documents do not run a transaction again', async () => {
    const { pipeline, run } = await methods()
    await pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }))
    const reading = async ({ get, findAll, commit, factory }: MethodTransaction) => {
      await get(Task, id('task'))
      await findAll(Task, { votes: { $gt: 100 } })
      commit([factory.create(Task, space, { title: 'y', votes: 0 })])
    }
    const disturb = async () => await pipeline.tx(ann, createTask('other', { title: 'z', votes: 3 }))
    expect((await disturbed(run, reading, disturb))[1]).toBe(1)
    await pipeline.close()
  })

  test('MOD-84: a transaction whose reads change in each of its runs is refused with Conflict', async () => {
    const { pipeline, run, find } = await methods()
    await pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }))
    const reading = async ({ get, commit, factory }: MethodTransaction) => {
      await get(Task, id('task'))
      commit([factory.create(Task, space, { title: 'never' })])
    }
    let disturbances = 0
    const refused = disturbed(run, reading, async () => {
      disturbances += 1
      await pipeline.tx(ann, updateTask('task', { $inc: { votes: 1 } }))
    })
    await expect(refused).rejects.toThrow('platform:status:Conflict {"tries":10}')
    expect(disturbances).toBe(10)
    expect(await find(Task, { title: 'never' })).toHaveLength(0)
    await pipeline.close()
  })

  test('MOD-85: what a transaction collects is committed as a whole or not at all', async () => {
    const { pipeline, run, find } = await methods()
    const failing = [
      run(({ transaction }) =>
        transaction(({ commit, factory }) => {
          commit([factory.create(Task, space, { title: 'a' })])
          throw new StatusError('platform:status:Forbidden')
        }),
      ),
      run(({ transaction }) =>
        transaction(({ commit, factory }) => {
          commit([factory.create(Task, space, { title: 'b' })])
          commit([factory.update({ _id: id('none'), _class: Task, space }, { title: 'c' })])
        }),
      ),
    ]
    await expect(failing[0]).rejects.toThrow('platform:status:Forbidden')
    await expect(failing[1]).rejects.toThrow('core:status:ObjectNotFound')
    expect(await find(Task)).toHaveLength(0)
    await pipeline.close()
  })

  test('MOD-86: an error of a transaction over reads of different moments runs it again', async () => {
    const { pipeline, run } = await methods()
    for (const name of ['a', 'b']) await pipeline.tx(ann, createTask(name, { title: name, votes: 1 }))
    let count = 0
    const sum = ({ transaction }: MethodCall) =>
      transaction(async ({ get }) => {
        count += 1
        const a = await get(Task, id('a'))
        if (count === 1) for (const name of ['a', 'b']) await pipeline.tx(ann, updateTask(name, { votes: 2 }))
        const b = await get(Task, id('b'))
        if (a?.votes !== b?.votes) throw new StatusError('platform:status:UnknownError', { message: 'torn' })
        return b?.votes
      })
    expect([await run(sum), count]).toStrictEqual([2, 2])
    await pipeline.close()
  })

  test('MOD-87: the conditions of an apply-if within a transaction hold when it is committed', async () => {
    const { pipeline, run, find } = await methods()
    await pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }))
    const nested = async ({ applyIf, factory }: MethodTransaction) =>
      await applyIf([factory.create(Task, space, { title: 'seat' })], {
        match: [{ _class: Task, query: { _id: id('task'), votes: 0 } }],
        notMatch: [{ _class: Task, query: { title: 'closed' } }],
      })
    expect(await disturbed(run, nested, async () => undefined)).toStrictEqual([true, 1])
    const close = async (runs: number) =>
      await (runs === 1 ? pipeline.tx(ann, createTask('c', { title: 'closed' })) : undefined)
    expect(await disturbed(run, nested, close)).toStrictEqual([false, 2])
    expect(await find(Task, { title: 'seat' })).toHaveLength(1)
    await pipeline.close()
  })

  test('MOD-88: a caller that loses a space does not commit over what it read there', async () => {
    const { pipeline, run, find } = await methods()
    const project = change(
      'core:class:TxCreateDoc',
      'secret',
      'board:class:Project',
      { space: 'core:space:Space' },
      {
        attributes: {
          name: 's',
          private: true,
          members: ['account:ann', 'account:bob'],
          owners: ['account:ann'],
        },
      },
    )
    await pipeline.tx(ann, project)
    await pipeline.tx(ann, createTask('task', { title: 'x', votes: 0 }, { space: 'secret' }))
    const leave = change(
      'core:class:TxUpdateDoc',
      'secret',
      'board:class:Project',
      { space: 'core:space:Space' },
      { operations: { members: ['account:ann'] } },
    )
    const copy = async ({ get, commit, factory }: MethodTransaction) => {
      const task = await get(Task, id('task'))
      if (task !== undefined) commit([factory.create(Task, space, { title: 'copy' })])
      return task === undefined
    }
    const asBob = (work: Work) => run(work, bob)
    const disturb = async (runs: number) => await (runs === 1 ? pipeline.tx(ann, leave) : undefined)
    expect(await disturbed(asBob, copy, disturb)).toStrictEqual([true, 2])
    expect(await find(Task, { title: 'copy' })).toHaveLength(0)
    // The system sees all.
    expect(
      (
        await disturbed(
          (work) => run(work, systemCaller),
          copy,
          async () => undefined,
        )
      )[0],
    ).toBe(false)
    await pipeline.close()
  })
})
