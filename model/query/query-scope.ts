import type { Hierarchy } from '../hierarchy.ts'
import type { OperandBudget } from './parse-condition.ts'
import type { LookupPlan } from './plan.ts'

/** What the keys of a query are resolved against. */
export interface QueryScope {
  hierarchy: Hierarchy
  _class: string
  lookups: LookupScope
  budget: OperandBudget
}

/** Lookups by name, with what is needed to resolve keys that go through them. */
export type LookupScope = ReadonlyMap<string, ScopedLookup>

export interface ScopedLookup {
  _class: string
  plan: Omit<LookupPlan, 'nested'>
  nested: LookupScope
}
