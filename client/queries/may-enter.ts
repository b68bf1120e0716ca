import { targetOf } from '../../model/apply-transaction.ts'
import { core } from '../../model/identifiers.ts'
import type { Condition, FindPlan, Path } from '../../model/query/plan.ts'
import type { TxCollectionCUD, TxCUD, TxMixin, TxUpdateDoc } from '../../model/transactions.ts'

/**
 * Whether a change of a document that is not in a query's window may concern the query. `false` only where it surely
 * does not: what has been left alone decides nothing, and what the transaction tells of the document rules it out.
 */
export function mayEnter(plan: FindPlan, tx: TxCUD): boolean {
  const change = tx._class === core.class.TxCollectionCUD ? (tx as TxCollectionCUD).tx : tx
  const isRuledOut = rulesOut(plan.condition, toldAfter(change))
  // One that goes counted where all are counted.
  const counted = plan.total && !rulesOut(plan.condition, toldBefore(change))
  if (change._class === core.class.TxRemoveDoc) return counted
  if (isRuledOut && !counted) return false
  const touched = touchedPaths(change)
  return (
    touched === undefined || readPaths(plan).some((path) => touched.some((other) => overlap(path, other)))
  )
}

type Told = ReadonlyMap<string, unknown>

/** What a transaction says of its document as it was. (Not its class: the one named may be a base of it.) */
function toldBefore(change: TxCUD): Told {
  const { _id, space } = targetOf(change)
  return new Map<string, unknown>([
    ['_id', _id],
    ['space', space],
  ])
}

/** And as it will be: what it is set to. */
function toldAfter(change: TxCUD): Told {
  const entries = Object.entries((change as TxUpdateDoc).operations ?? {})
  const hasOperators = entries.some(([key]) => key.startsWith('$'))
  const told = new Map(toldBefore(change))
  for (const [key, value] of entries) {
    if (hasOperators) told.delete(key)
    else told.set(key, value)
  }
  return told
}

/** Whether one of the parts that all have to hold surely does not. */
function rulesOut(condition: Condition, fields: Told): boolean {
  if (condition.op === 'all-of') return condition.conditions.some((part) => rulesOut(part, fields))
  if (!('path' in condition) || condition.path.length !== 1) return false
  const [name = ''] = condition.path
  const value = fields.get(name)
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false
  switch (condition.op) {
    case 'eq':
      return condition.value !== value
    case 'in':
      return !condition.values.some((each) => each === value || typeof each === 'object')
    default:
      return false
  }
}

/** Paths the transaction writes to; `undefined`: any. */
function touchedPaths(change: TxCUD): Path[] | undefined {
  const always: Path[] = [['modifiedOn'], ['modifiedBy']]
  if (change._class === core.class.TxMixin) return [[(change as TxMixin).mixin], ...always]
  if (change._class !== core.class.TxUpdateDoc) return undefined
  const { operations } = change as TxUpdateDoc
  const paths = Object.entries(operations).flatMap(([key, value]): (Path | undefined)[] => {
    if (!key.startsWith('$')) return [key.split('.')]
    if (typeof value !== 'object' || value === null || key === '$pushMixin') return [undefined]
    return Object.keys(value).map((inner) => inner.split('.'))
  })
  return paths.includes(undefined) ? undefined : [...(paths as Path[]), ...always]
}

/** Paths that decide whether and where a document is in the result. */
function readPaths(plan: FindPlan): Path[] {
  const cases = plan.sort.flatMap((key) => (key.cases ?? []).flatMap(({ condition }) => pathsOf(condition)))
  return [...pathsOf(plan.condition), ...plan.sort.map(({ path }) => path), ...cases]
}

function pathsOf(condition: Condition): Path[] {
  if ('conditions' in condition) return condition.conditions.flatMap(pathsOf)
  if (condition.op === 'lookup') return []
  return 'paths' in condition ? condition.paths : [condition.path]
}

function overlap(a: Path, b: Path): boolean {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return false
  return true
}
