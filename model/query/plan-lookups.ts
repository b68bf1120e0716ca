import type { Hierarchy } from '../hierarchy.ts'
import { isFields, isReservedKey } from '../json-value.ts'
import { invalidQuery } from './invalid-query.ts'
import { MAX_QUERY_DEPTH, type OperandBudget } from './parse-condition.ts'
import { planClass } from './plan-class.ts'
import type { LookupPlan } from './plan.ts'
import type { LookupScope, ScopedLookup } from './query-scope.ts'
import { resolvePath } from './resolve-key.ts'

interface Level {
  hierarchy: Hierarchy
  _class: string
  budget: OperandBudget
  depth: number
}

export function planLookups(
  hierarchy: Hierarchy,
  _class: string,
  lookup: unknown,
  budget: OperandBudget,
): LookupScope {
  return planLevel(lookup, { hierarchy, _class, budget, depth: 0 })
}

export function lookupPlans(scope: LookupScope): LookupPlan[] {
  return [...scope.values()].map(({ plan, nested }) => ({ ...plan, nested: lookupPlans(nested) }))
}

function planLevel(lookup: unknown, level: Level): LookupScope {
  const scope = new Map<string, ScopedLookup>()
  if (lookup === undefined || lookup === null) return scope
  if (!isFields(lookup) || level.depth >= MAX_QUERY_DEPTH) throw invalidQuery('not a lookup')
  for (const [key, value] of Object.entries(lookup)) {
    if (value === undefined) continue
    const found = key === '_id' ? planReverse(value, level) : [planForward(key, value, level)]
    for (const item of found) scope.set(item.plan.name, item)
  }
  return scope
}

/** `{attribute: Class}` or `{attribute: [Class, nested]}`. */
function planForward(name: string, value: unknown, level: Level): ScopedLookup {
  level.budget.spend(1)
  const [_class, nested]: unknown[] = Array.isArray(value) ? value : [value]
  if (typeof _class !== 'string') throw invalidQuery('not a lookup', { lookup: name.slice(0, 100) })
  const path = resolvePath(level.hierarchy, level._class, name)
  return {
    _class,
    plan: { name, direction: 'forward', path, ...planClass(level.hierarchy, _class) },
    nested: planLevel(nested, { ...level, _class, depth: level.depth + 1 }),
  }
}

/** `{name: Class}` or `{name: [Class, attribute]}`; the default attribute is `attachedTo`. */
function planReverse(lookups: unknown, level: Level): ScopedLookup[] {
  if (!isFields(lookups)) throw invalidQuery('not a lookup', { lookup: '_id' })
  const entries = Object.entries(lookups).filter(([, value]) => value !== undefined)
  level.budget.spend(entries.length)
  return entries.map(([name, value]) => {
    const [_class, attribute = 'attachedTo']: unknown[] = Array.isArray(value) ? value : [value]
    const wrong = typeof _class !== 'string' || typeof attribute !== 'string' || !isName(name)
    if (wrong) throw invalidQuery('not a lookup', { lookup: name.slice(0, 100) })
    const path = resolvePath(level.hierarchy, _class, attribute)
    const plan = { name, direction: 'reverse' as const, path, ...planClass(level.hierarchy, _class) }
    return { _class, plan, nested: new Map() }
  })
}

function isName(name: string): boolean {
  return name !== '' && !/[.$]/.test(name) && !isReservedKey(name)
}
