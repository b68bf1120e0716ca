import type { Condition, FindPlan, Path } from '../../model/query/plan.ts'
import type { Change, KnownFields } from './change.ts'

/**
 * Whether a change of a document that is not in a query's window may concern the query. `false` only where it surely
 * does not: what has been left alone decides nothing, and what the transaction tells of the document rules it out.
 */
export class InvalidationFilter {
  readonly #plan: FindPlan
  /** Paths that decide whether a document is in the result, and those that decide where. */
  readonly #conditionPaths: readonly Path[]
  readonly #orderPaths: readonly Path[]

  constructor(plan: FindPlan) {
    this.#plan = plan
    this.#conditionPaths = pathsOf(plan.condition)
    const cases = plan.sort.flatMap((key) => (key.cases ?? []).flatMap(({ condition }) => pathsOf(condition)))
    this.#orderPaths = [...plan.sort.map(({ path }) => path), ...cases]
  }

  /** @param knowsAll all that meet the condition are in the window: the others do not, wherever they would stand */
  invalidates(change: Change, knowsAll: boolean): boolean {
    const { condition, total } = this.#plan
    // One that goes counted where all are counted.
    const isCounted = !knowsAll && total && !rulesOut(condition, change.fieldsBefore)
    if (change.isRemoval) return isCounted
    if (!isCounted && rulesOut(condition, change.fieldsAfter)) return false
    const { touched } = change
    if (touched === undefined) return true
    return overlaps(this.#conditionPaths, touched) || (!knowsAll && overlaps(this.#orderPaths, touched))
  }
}

/** Whether one of the parts that all have to hold surely does not. */
function rulesOut(condition: Condition, fields: KnownFields): boolean {
  switch (condition.op) {
    case 'all-of':
      for (const part of condition.conditions) if (rulesOut(part, fields)) return true
      return false
    case 'eq':
      return told(condition.path, fields, (value) => condition.value !== value)
    case 'in':
      return told(
        condition.path,
        fields,
        (value) => !condition.values.some((each) => each === value || typeof each === 'object'),
      )
    default:
      return false
  }
}

/** Whether the field is told, as a single value, and that is so. */
function told(path: Path, fields: KnownFields, test: (value: unknown) => boolean): boolean {
  const [name = ''] = path
  if (path.length !== 1) return false
  const value = fields.get(name)
  const isSingle = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return isSingle && test(value)
}

function pathsOf(condition: Condition): Path[] {
  if ('conditions' in condition) return condition.conditions.flatMap(pathsOf)
  if (condition.op === 'lookup') return []
  return 'paths' in condition ? condition.paths : [condition.path]
}

function overlaps(some: readonly Path[], others: readonly Path[]): boolean {
  for (const path of some) for (const other of others) if (overlap(path, other)) return true
  return false
}

export function overlap(a: Path, b: Path): boolean {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return false
  return true
}
