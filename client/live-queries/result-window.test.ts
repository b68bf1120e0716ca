import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { evaluatePlan } from '../../model/query/evaluate.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { ResultWindow, windowLimit } from './result-window.ts'
import { expectThat } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

const plan: FindPlan = {
  domain: 'task',
  condition: { op: 'eq', path: ['status'], value: 'todo' },
  sort: [{ path: ['rank'], order: 1 }],
  limit: 3,
  total: true,
  lookups: [],
}

type Step = { id: number; kind: 'create' | 'update' | 'remove'; rank: number; status: string | undefined }

const step: fc.Arbitrary<Step> = fc.record({
  id: fc.nat(30),
  kind: fc.constantFrom('create', 'update', 'update', 'remove', 'remove'),
  rank: fc.nat(50),
  status: fc.constantFrom('todo', 'todo', 'done', undefined),
})

/** All documents, and windows over them. */
class Oracle {
  readonly docs = new Map<string, Doc>()

  find(wanted: FindPlan) {
    const source = { documents: () => this.docs.values(), get: (_: string, id: string) => this.docs.get(id) }
    return evaluatePlan(wanted, source)
  }

  window(wanted: FindPlan): ResultWindow {
    const found = this.find({ ...wanted, limit: windowLimit(wanted.limit) })
    return new ResultWindow(wanted, found, found.total)
  }

  /** The transaction, where it can be applied. */
  apply({ id, kind, rank, status }: Step, at: number): TxCUD | undefined {
    const _id = `d${id}`
    const isThere = this.docs.has(_id)
    if (isThere === (kind === 'create')) return undefined
    const header = { _id: `tx${at}`, space: 's', objectSpace: 's', objectId: _id, objectClass: 'task' }
    const fields = { rank, ...(status === undefined ? {} : { status }) }
    const change = {
      create: { _class: core.class.TxCreateDoc, attributes: fields },
      update: { _class: core.class.TxUpdateDoc, operations: fields },
      remove: { _class: core.class.TxRemoveDoc },
    }[kind]
    const tx = { ...header, modifiedBy: 'a', modifiedOn: at, ...change } as unknown as TxCUD
    const after = applyTransaction(this.docs.get(_id), tx)
    if (after === undefined) this.docs.delete(_id)
    else this.docs.set(_id, after)
    return tx
  }
}

describe('result window', () => {
  test.each([
    { name: 'a limit and a total', wanted: plan },
    { name: 'a limit', wanted: { ...plan, total: false } },
    { name: 'no limit', wanted: { ...plan, limit: undefined } },
  ])(
    'SDK-21: a window with $name equals the result over all documents, until it reports that only the server knows',
    ({ wanted }) => {
      let [kept, asked] = [0, 0]
      fc.assert(
        fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), (steps) => {
          const oracle = new Oracle()
          for (let id = 0; id < 20; id++)
            oracle.apply({ id, kind: 'create', rank: id * 2, status: 'todo' }, 0)
          let window = oracle.window(wanted)
          for (const [at, next] of steps.entries()) {
            const tx = oracle.apply(next, at + 1)
            if (tx === undefined) continue
            if (window.apply(tx, 'task') === 'unknown') {
              window = oracle.window(wanted)
              asked += 1
            } else kept += 1
            const expected = oracle.find(wanted)
            expect(window.docs).toStrictEqual([...expected])
            if (wanted.total) expect(window.total).toBe(expected.total)
          }
        }),
        propertyParameters({ numRuns: 300 }),
      )
      expect(kept).toBeGreaterThan(asked / 3)
    },
  )

  test('SDK-21: a fork changes without its original', () => {
    const oracle = new Oracle()
    for (let id = 0; id < 5; id++) oracle.apply({ id, kind: 'create', rank: id, status: 'todo' }, 0)
    const window = oracle.window(plan)
    const fork = window.fork()
    const tx = oracle.apply({ id: 0, kind: 'remove', rank: 0, status: undefined }, 1)
    expectThat(tx !== undefined)
    fork.apply(tx, 'task')
    expect(window.docs.map(({ _id }) => _id)).toStrictEqual(['d0', 'd1', 'd2'])
    expect(fork.docs.map(({ _id }) => _id)).toStrictEqual(['d1', 'd2', 'd3'])
  })
})
