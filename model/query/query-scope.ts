import type { Hierarchy } from '../hierarchy.ts'
import type { OperandBudget } from './parse-condition.ts'
import type { LookupPlan } from './plan.ts'

/** The scope in which keys of a query are resolved. */
export interface QueryScope {
  hierarchy: Hierarchy
  _class: string
  lookups: LookupScope
  budget: OperandBudget
}

/** Lookups by name, for keys that go through them. */
export type LookupScope = ReadonlyMap<string, ScopedLookup>

export interface ScopedLookup {
  _class: string
  plan: Omit<LookupPlan, 'nested'>
  nested: LookupScope
}
