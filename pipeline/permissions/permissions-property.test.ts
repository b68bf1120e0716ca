import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { ann, bob, caller, type TestPipeline, testPipeline } from '../../tests/support/test-pipeline.ts'
import { change, comment, createTask, removeTask, updateTask } from '../../tests/support/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

const cid = caller('cid')
const people = [ann, bob, cid]
const spaces = ['s1', 's2', 'open']
const system = caller('system', { system: true })

type Step =
  | { do: 'space'; space: string; isPrivate: boolean; members: string[] }
  | { do: 'create'; task: string; space: string; by: number }
  | { do: 'move'; task: string; space: string; by: number }
  | { do: 'update'; task: string; by: number }
  | { do: 'comment'; task: string; comment: string; by: number }
  | { do: 'remove'; task: string; by: number }

const space = fc.constantFrom(...spaces)
const task = fc.constantFrom('t1', 't2', 't3')
const by = fc.nat(2)
const members = fc.subarray(people.map(({ account }) => String(account)))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('space' as const),
    space: fc.constantFrom('s1', 's2'),
    isPrivate: fc.boolean(),
    members,
  }),
  fc.record({ do: fc.constant('create' as const), task, space, by }),
  fc.record({ do: fc.constant('move' as const), task, space, by }),
  fc.record({ do: fc.constant('update' as const), task, by }),
  fc.record({ do: fc.constant('comment' as const), task, comment: fc.constantFrom('c1', 'c2'), by }),
  fc.record({ do: fc.constant('remove' as const), task, by }),
)

/** A plain model of the existing documents and of who may see them. */
class Plain {
  readonly spaces = new Map<string, { isPrivate: boolean; members: string[] }>()
  readonly tasks = new Map<string, string>()
  readonly comments = new Map<string, { task: string; space: string }>()
  readonly log: { _id: string; spaces: string[] }[] = []

  sees({ account }: Caller, id: string): boolean {
    if (id === 'open') return true
    const known = this.spaces.get(id)
    return known !== undefined && (!known.isPrivate || known.members.includes(account))
  }

  /** Applies the transaction. Returns whether it is permitted. */
  apply(next: Step, tx: Tx): boolean {
    const who = 'by' in next ? (people[next.by] ?? ann) : system
    const sees = (id: string | undefined) => id !== undefined && (who === system || this.sees(who, id))
    switch (next.do) {
      case 'space':
        this.spaces.set(next.space, next)
        this.log.push({ _id: tx._id, spaces: [next.space] })
        return true
      case 'create':
        if (this.tasks.has(next.task) || !sees(next.space)) return false
        this.tasks.set(next.task, next.space)
        this.log.push({ _id: tx._id, spaces: [next.space] })
        return true
      case 'move': {
        const from = this.tasks.get(next.task)
        if (from === undefined || !sees(from) || !sees(next.space)) return false
        this.tasks.set(next.task, next.space)
        this.log.push({ _id: tx._id, spaces: [from, next.space] })
        return true
      }
      case 'update': {
        const where = this.tasks.get(next.task)
        if (where === undefined || !sees(where)) return false
        this.log.push({ _id: tx._id, spaces: [where] })
        return true
      }
      case 'comment': {
        const where = this.tasks.get(next.task)
        if (where === undefined || !sees(where) || this.comments.has(next.comment)) return false
        this.comments.set(next.comment, { task: next.task, space: where })
        this.log.push({ _id: tx._id, spaces: [where] })
        return true
      }
      case 'remove': {
        const where = this.tasks.get(next.task)
        // The removal of a missing or hidden document is accepted, and has no effect.
        if (where === undefined || !sees(where)) return true
        this.tasks.delete(next.task)
        for (const [id, { task: parent }] of this.comments) if (parent === next.task) this.comments.delete(id)
        this.log.push({ _id: tx._id, spaces: [where] })
        return true
      }
      default:
        return next satisfies never
    }
  }
}

function transactionOf(next: Step, plain: Plain): Tx {
  const who = 'by' in next ? String((people[next.by] ?? ann).account) : 'core:account:System'
  const where = 'task' in next ? (plain.tasks.get(next.task) ?? 'open') : 'core:space:Space'
  const options = { by: who, space: where }
  switch (next.do) {
    case 'space': {
      const fields = { private: next.isPrivate, members: next.members }
      const space = { by: who, space: 'core:space:Space' }
      return plain.spaces.has(next.space)
        ? change('core:class:TxUpdateDoc', next.space, 'core:class:Space', space, { operations: fields })
        : change('core:class:TxCreateDoc', next.space, 'core:class:Space', space, {
            attributes: { name: next.space, description: '', archived: false, ...fields },
          })
    }
    case 'create':
      return createTask(next.task, { title: 'some words' }, { by: who, space: next.space })
    case 'move':
      return updateTask(next.task, { space: next.space }, options)
    case 'update':
      return updateTask(next.task, { title: 'other words' }, options)
    case 'comment':
      return comment(next.task, next.comment, options)
    case 'remove':
      return removeTask(next.task, options)
    default:
      return next satisfies never
  }
}

async function checkReads({ pipeline }: TestPipeline, plain: Plain, who: Caller): Promise<void> {
  const find = async (_class: string, options = {}) =>
    (await pipeline.find(who, { _class: _class as Ref<Class>, query: {}, options })) as (Doc & {
      $lookup?: { attachedTo?: Doc }
    })[] & { total: number }
  const seen = [...plain.tasks].filter(([, where]) => plain.sees(who, where)).map(([id]) => id)
  expect((await find('board:class:Task')).map(({ _id }) => _id)).toStrictEqual([...seen].sort())
  expect((await find('board:class:Task', { total: true, limit: 1 })).total).toBe(seen.length)
  const { docs } = await pipeline.searchFulltext(
    who,
    { query: 'words', classes: ['board:class:Task' as Ref<Class>] },
    {},
  )
  expect(docs.map(({ id }) => id).sort()).toStrictEqual([...seen].sort())
  const comments = await find('board:class:Comment', { lookup: { attachedTo: 'board:class:Task' } })
  const visible = [...plain.comments]
    .filter(([, { space: where }]) => plain.sees(who, where))
    .map(([id]) => id)
  expect(comments.map(({ _id }) => _id)).toStrictEqual(visible.sort())
  for (const { _id, $lookup } of comments) {
    const parent = plain.comments.get(_id)?.task ?? ''
    expect($lookup?.attachedTo?._id).toBe(
      plain.sees(who, plain.tasks.get(parent) ?? 'open') ? parent : undefined,
    )
  }
  expect((await find('core:class:Space')).map(({ _id }) => _id)).toStrictEqual(
    [...plain.spaces.keys()].filter((id) => plain.sees(who, id)).sort(),
  )
  const log = new Set((await find('core:class:TxCUD')).map(({ _id }) => String(_id)))
  for (const { _id, spaces: named } of plain.log)
    expectFor(_id, log.has(_id)).toBe(named.every((id) => plain.sees(who, id)))
}

describe('permissions of random histories', () => {
  test('PIPE-40: whatever spaces, members, moves and documents exist, each account reads and receives exactly what it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const opened = await testPipeline({ isPeopled: false })
        for (const { account, email } of people)
          await opened.pipeline.tx(system, accountOf(String(account), email))
        const plain = new Plain()
        for (const next of steps) {
          const who = 'by' in next ? (people[next.by] ?? ann) : system
          const tx = transactionOf(next, plain)
          await new Promise(setImmediate)
          opened.pushes.length = 0
          const made = plain.apply(next, tx)
          const result = await opened.pipeline.tx(who, tx).catch((error: unknown) => error)
          expectFor(`${JSON.stringify(next)}: ${String(result)}`, !(result instanceof Error)).toBe(made)
          if (result instanceof Error) expectFor(String(result), result).toBeInstanceOf(StatusError)
          await new Promise(setImmediate)
          for (const reader of people) {
            await checkReads(opened, plain, reader)
            const heard = opened.pushes
              .filter((push) => opened.pipeline.mayReceive(reader, push))
              .map((push) => String(push.tx._id))
            const named = plain.log.find(({ _id }) => _id === tx._id)?.spaces
            expect(heard.includes(tx._id)).toBe(named?.every((id) => plain.sees(reader, id)) ?? false)
          }
        }
        await opened.pipeline.close()
      }),
      propertyParameters({ numRuns: 150 }),
    )
  })

  /** The pushes that an account received, and the moments at which it was told to reload. */
  class Heard {
    readonly pushes: { seq: number; _id: string }[] = []
    readonly toldAfter: number[] = []
  }

  test('PIPE-61: a catch-up returns exactly what the account would have been pushed, or is rejected', async () => {
    let [exact, anew] = [0, 0]
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const { pipeline, pushes } = await testPipeline({ isPeopled: false })
        for (const { account, email } of people) await pipeline.tx(system, accountOf(String(account), email))
        const heard = new Map(people.map((person) => [person, new Heard()]))
        const plain = new Plain()
        const start = pipeline.lastSeq()
        for (const next of steps) {
          const tx = transactionOf(next, plain)
          await new Promise(setImmediate)
          pushes.length = 0
          const before = pipeline.lastSeq()
          if (!plain.apply(next, tx)) continue
          await pipeline.tx('by' in next ? (people[next.by] ?? ann) : system, tx)
          await new Promise(setImmediate)
          for (const push of pushes) {
            for (const [person, { pushes: known, toldAfter }] of heard) {
              if (!pipeline.mayReceive(person, push)) continue
              if (push.seq === undefined) toldAfter.push(before)
              else known.push({ seq: push.seq, _id: push.tx._id })
            }
          }
        }
        for (const [person, { pushes: known, toldAfter }] of heard) {
          for (let after = start; after <= pipeline.lastSeq(); after++) {
            const missed = await pipeline.catchUp(person, { after, most: 1000 })
            if (missed === undefined) {
              anew += 1
              continue
            }
            exact += 1
            // The permissions of the account have changed.
            expect(toldAfter.some((told) => told >= after)).toBe(false)
            expect(missed.pushes.map(({ seq, tx }) => ({ seq, _id: tx._id }))).toStrictEqual(
              known.filter(({ seq }) => seq > after),
            )
          }
        }
        await pipeline.close()
      }),
      propertyParameters({ numRuns: 100 }),
    )
    expect(exact).toBeGreaterThan(anew / 2)
  })

  test('PIPE-61: a catch-up is rejected after too large a gap, from a position beyond the end, or without access to the log', async () => {
    const { pipeline } = await testPipeline({ isPeopled: false })
    await pipeline.tx(system, accountOf('account:ann', 'ann'))
    for (const task of ['t1', 't2', 't3']) await pipeline.tx(ann, createTask(task, { title: 'x' }))
    const last = pipeline.lastSeq()
    expect(await pipeline.catchUp(ann, { after: last + 1, most: 10 })).toBeUndefined()
    expect(await pipeline.catchUp(ann, { after: last - 3, most: 2 })).toBeUndefined()
    expect((await pipeline.catchUp(ann, { after: last - 3, most: 3 }))?.pushes.length).toBe(3)
    expect(await pipeline.catchUp(ann, { after: last, most: 0 })).toStrictEqual({ pushes: [], seq: last })
  })

  function accountOf(id: string, email: string): Tx {
    const options = { by: 'core:account:System', space: 'core:space:Model' }
    return change('core:class:TxCreateDoc', id, 'core:class:Account', options, {
      attributes: { email, role: 'USER' },
    })
  }
})
