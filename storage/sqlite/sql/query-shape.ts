import { randomBytes } from 'node:crypto'
import type { Condition, FindPlan, Value } from '../../../model/query/plan.ts'
import { isExact } from './compile-path.ts'
import type { SqlFragment, SqlValue } from './sql-fragment.ts'

/**
 * The shape of a plan: everything but the compared values, and these values. Plans with the same key share their SQL.
 */
export interface QueryShape {
  key: string
  values: readonly SlotValue[]
  /** The plan with a marker of the same type in place of each value. */
  marked: () => FindPlan
}

type SlotValue = string | number

/** SQL whose bound values are derived from those of a plan. */
export interface ShapedSql {
  sql: string
  bind: (values: readonly SlotValue[]) => SqlValue[]
}

// Random, so that no client can send a value equal to a marker.
const markStart = `~${randomBytes(12).toString('hex')}~`
const markNumber = (1 + Math.random()) * 1e300

export function shapeOf(plan: FindPlan): QueryShape {
  const values: SlotValue[] = []
  const { condition, ...rest } = plan
  const key = `${describe(condition, values)} ${JSON.stringify(rest)}`
  return { key, values, marked: () => ({ ...plan, condition: mark(condition, { next: 0 }) }) }
}

function describe(condition: Condition, values: SlotValue[]): string {
  if ('conditions' in condition) {
    const parts = condition.conditions.map((part) => describe(part, values))
    return `${condition.op}(${parts.join()})`
  }
  const value = slotOf(condition)
  if (value === undefined || !('path' in condition)) return JSON.stringify(condition)
  values.push(value)
  return `${condition.op}${typeof value}${JSON.stringify(condition.path)}`
}

/** In the order of `describe`. */
function mark(condition: Condition, slots: { next: number }): Condition {
  if ('conditions' in condition) {
    return { ...condition, conditions: condition.conditions.map((part) => mark(part, slots)) }
  }
  const value = slotOf(condition)
  if (value === undefined) return condition
  const marked = markOf(slots.next++, value)
  switch (condition.op) {
    case 'eq':
    case 'ne':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { ...condition, value: marked }
    case 'in':
    case 'nin':
      return { ...condition, values: [marked] }
    default:
      return condition
  }
}

/** The compared value of a condition, if the SQL is the same for every value of its type. */
function slotOf(condition: Condition): SlotValue | undefined {
  switch (condition.op) {
    case 'eq':
    case 'ne':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return slotValue(condition.value)
    case 'in':
    case 'nin':
      return condition.values.length === 1 ? slotValue(condition.values[0]) : undefined
    default:
      return undefined
  }
}

function slotValue(value: Value | undefined): SlotValue | undefined {
  return isExact(value) && typeof value !== 'boolean' ? value : undefined
}

function markOf(slot: number, value: SlotValue): SlotValue {
  return typeof value === 'string' ? `${markStart}${slot}~` : markNumber * (1 + slot / 4096)
}

/** The SQL of a marked plan, which can be bound for each plan of its shape. */
export function shapedSql({ sql, params }: SqlFragment, shape: QueryShape): ShapedSql {
  const marks = shape.values.map((value, slot) => markOf(slot, value))
  const sources = params.map((param) => sourceOf(param, marks))
  return { sql, bind: (values) => sources.map((source) => source(values)) }
}

type Source = (values: readonly SlotValue[]) => SqlValue

function sourceOf(param: SqlValue, marks: readonly SlotValue[]): Source {
  const slot = marks.findIndex((value) => value === param)
  if (slot !== -1) return (values) => values[slot] ?? null
  if (typeof param !== 'string') return () => param
  // A condition that the model evaluates is bound as JSON text.
  const within = marks.flatMap((value, at) => (param.includes(JSON.stringify(value)) ? [{ value, at }] : []))
  if (within.length === 0) return () => param
  return (values) =>
    within.reduce(
      (text, { value, at }) => text.replaceAll(JSON.stringify(value), () => JSON.stringify(values[at])),
      param,
    )
}
