import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Doc } from '../../../model/documents.ts'
import { compileLike } from '../../../model/query/like.ts'
import { compileCondition, type Predicate } from '../../../model/query/predicate.ts'
import { WorkMeter } from '../../../model/query/work-meter.ts'

const compiledAtOnce = 200
/** What a compiled regular expression counts for: its automaton grows up to some 1 MB while it is used. */
const REGEX_WEIGHT = 10

interface StatementSignals {
  checkpoint: () => void
  weigh: ((bytes: number) => void) | undefined
  /** Maximum steps of one condition over one row. */
  rowSteps: number
}

/**
 * Registers the model's predicates as SQL functions, for conditions without an equivalent in SQL, and the signals of
 * the connection.
 */
export function registerFunctions(
  db: Database.Database,
  { checkpoint, weigh, rowSteps }: StatementSignals,
): void {
  const meter = new WorkMeter(rowSteps)
  const predicates = memoized((text): Predicate => compileCondition(JSON.parse(text), new Map(), meter))
  const likes = memoized((pattern) => compileLike(pattern, meter))
  const parse = lastParsed()
  db.function('matches', { deterministic: true }, (data, condition) => {
    checkpoint()
    meter.restart()
    return Number(predicates(String(condition))(parse(String(data))))
  })
  db.function('text_like', { deterministic: true }, (value, pattern) => {
    checkpoint()
    meter.restart()
    return typeof value === 'string' ? Number(likes(String(pattern))(value)) : 0
  })
  // Not deterministic: SQLite would call it once per statement.
  db.function('checkpoint', () => {
    checkpoint()
    return 1
  })
  db.function('weigh', (bytes) => {
    weigh?.(Number(bytes))
    return 1
  })
}

function memoized<T extends object>(make: (text: string) => T): (text: string) => T {
  const made = new LRUCache<string, T>({
    maxSize: compiledAtOnce,
    sizeCalculation: (_, text) => weightOf(text),
  })
  return (text) => {
    const known = made.get(text)
    if (known !== undefined) return known
    const value = make(text)
    made.set(text, value)
    return value
  }
}

/** Text that only looks like a condition with an expression may count for more. */
function weightOf(condition: string): number {
  return condition.includes('"op":"regex"') ? REGEX_WEIGHT : 1
}

/** Several functions of one statement use the same row. */
function lastParsed(): (data: string) => Doc {
  let last: { data: string; doc: Doc } | undefined
  return (data) => {
    if (last?.data !== data) last = { data, doc: JSON.parse(data) }
    return last.doc
  }
}
