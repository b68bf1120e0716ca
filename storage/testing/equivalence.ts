import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Doc } from '../../model/documents.ts'
import { DocumentStore } from '../../model/document-store.ts'
import type { Condition, FindPlan, Value } from '../../model/query/plan.ts'
import { evaluatePlan } from '../../model/query/evaluate.ts'
import type { WorkspaceStorage } from '../contract.ts'
import { documents, plans } from './arbitrary.ts'
import {
  decoded,
  type SubjectFactory,
  type SuiteSizes,
  taskSchema,
  uploadAll,
  withWorkspace,
} from './fixture.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'

/** Random documents and plans: storage finds what the evaluation in memory finds. */
export function describeEquivalence(name: string, make: SubjectFactory, { random }: SuiteSizes): void {
  test(`STO-7: ${name} finds exactly what the model finds, whatever the documents, their earlier versions and the plan`, async () => {
    await withWorkspace(make, taskSchema, async (workspace) => {
      const sets = fc.record({
        task: documents,
        note: documents,
        plans: fc.array(plans, { minLength: 1, maxLength: 12 }),
      })
      const property = fc.asyncProperty(sets, async ({ task, note, plans }) => {
        await replaceAll(workspace, { task, note })
        for (const plan of plans.flatMap(withOther)) await compare(workspace, plan, { task, note })
      })
      await fc.assert(
        property,
        propertyParameters({
          numRuns: 400,
          interruptAfterTimeLimit: random,
          markInterruptAsFailure: false,
        }),
      )
    })
  })
}

/** The plan, and the same plan with other values: storage may cache a prepared form of the first. */
function withOther(plan: FindPlan): FindPlan[] {
  return [plan, { ...plan, condition: withOtherValues(plan.condition) }]
}

function withOtherValues(condition: Condition): Condition {
  if ('conditions' in condition)
    return { ...condition, conditions: condition.conditions.map(withOtherValues) }
  if (condition.op === 'in' || condition.op === 'nin')
    return { ...condition, values: condition.values.map(otherValue) }
  const isComparison = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'].includes(condition.op)
  return isComparison && 'value' in condition
    ? ({ ...condition, value: otherValue(condition.value) } as Condition)
    : condition
}

function otherValue(value: Value): Value {
  if (typeof value === 'number') return value === 1 ? 2 : 1
  return typeof value === 'string' ? (value === 'a' ? '😀' : 'a') : value
}

/** Existing documents are replaced. */
async function replaceAll(
  workspace: WorkspaceStorage,
  groups: Record<string, readonly Doc[]>,
): Promise<void> {
  for (const [domain, docs] of Object.entries(groups)) {
    const kept = new Set<string>(docs.map(({ _id }) => _id))
    const before = (await workspace.list(domain, undefined, 1e9)).docs.map(({ id }) => id)
    await workspace.clean(
      domain,
      before.filter((id) => !kept.has(id)),
    )
  }
  await uploadAll(workspace, groups)
}

async function compare(
  workspace: WorkspaceStorage,
  plan: FindPlan,
  groups: Record<string, readonly Doc[]>,
): Promise<void> {
  const store = new DocumentStore()
  for (const [domain, docs] of Object.entries(groups))
    for (const doc of docs) store.put(domain, asStored(doc))
  const expected = evaluatePlan(plan, store)
  const found = await workspace.find(plan)
  expect(asStored([...found])).toStrictEqual(asStored([...expected]))
  expect(found.total).toBe(expected.total)
  expect(await decoded(workspace, plan)).toStrictEqual({
    docs: asStored([...expected]),
    total: expected.total,
  })
}

function asStored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
