import type { Condition, FindPlan, Path } from '../../model/query/plan.ts'
import type { Change, KnownFields } from './change.ts'

/**
 * Decides whether a change of a document outside of a result window may invalidate the window. Paths that were not
 * touched cannot do that, nor can a document whose known fields contradict the condition.
 */
export class InvalidationFilter {
  readonly #plan: FindPlan
  readonly #conditionPaths: readonly Path[]
  readonly #orderPaths: readonly Path[]

  constructor(plan: FindPlan) {
    this.#plan = plan
    this.#conditionPaths = pathsOf(plan.condition)
    const cases = plan.sort.flatMap((key) => (key.cases ?? []).flatMap(({ condition }) => pathsOf(condition)))
    this.#orderPaths = [...plan.sort.map(({ path }) => path), ...cases]
  }

  /** @param isComplete the window has all documents that match: the changed one did not match before */
  invalidates(change: Change, isComplete: boolean): boolean {
    const { condition, total } = this.#plan
    // A document beyond the window may have been counted in the total.
    const wasCounted = !isComplete && total && !contradicts(condition, change.fieldsBefore)
    if (change.isRemoval) return wasCounted
    if (!wasCounted && contradicts(condition, change.fieldsAfter)) return false
    const { touched } = change
    if (touched === undefined) return true
    return overlaps(this.#conditionPaths, touched) || (!isComplete && overlaps(this.#orderPaths, touched))
  }
}

/** Whether a document with these fields certainly does not match. */
function contradicts(condition: Condition, fields: KnownFields): boolean {
  switch (condition.op) {
    case 'all-of':
      for (const part of condition.conditions) if (contradicts(part, fields)) return true
      return false
    case 'eq':
      return fails(condition.path, fields, (value) => condition.value !== value)
    case 'in':
      return fails(
        condition.path,
        fields,
        (value) => !condition.values.some((each) => each === value || typeof each === 'object'),
      )
    default:
      return false
  }
}

/** Whether the field is known to have a single value that fails the test. */
function fails(path: Path, fields: KnownFields, test: (value: unknown) => boolean): boolean {
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

/** Whether one of the paths is a prefix of the other. */
export function overlap(a: Path, b: Path): boolean {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return false
  return true
}
