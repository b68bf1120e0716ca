import type { Hierarchy } from '../hierarchy.ts'
import { invalidQuery } from './invalid-query.ts'
import { MAX_QUERY_DEPTH, parsePath } from './parse-condition.ts'
import type { LookupScope, QueryScope } from './query-scope.ts'
import type { Path } from './plan.ts'

/** A key's place: the lookups it goes through from the outside in, and the path within the last of them. */
export interface KeyTarget {
  names: string[]
  path: Path
}

export function resolveKey(key: string, scope: QueryScope): KeyTarget {
  const names: string[] = []
  let { _class, lookups } = scope
  let rest = key
  while (rest.startsWith('$lookup.')) {
    const name = nextName(rest.slice('$lookup.'.length), lookups)
    const lookup = name === undefined ? undefined : lookups.get(name)
    if (name === undefined || lookup === undefined || names.length > MAX_QUERY_DEPTH) {
      throw invalidQuery('no such lookup', { field: key.slice(0, 100) })
    }
    names.push(name)
    _class = lookup._class
    lookups = lookup.nested
    rest = rest.slice('$lookup.'.length + name.length + 1)
  }
  return { names, path: resolvePath(scope.hierarchy, _class, rest) }
}

/** A lookup of a dotted attribute has a dotted name. */
function nextName(rest: string, lookups: LookupScope): string | undefined {
  return [...lookups.keys()]
    .filter((name) => rest.startsWith(`${name}.`))
    .sort((a, b) => b.length - a.length)[0]
}

/** Where a class keeps a field: a mixin's attribute is under the mixin's id. */
export function resolvePath(hierarchy: Hierarchy, _class: string, key: string): Path {
  const [head = '', ...rest] = parsePath(key)
  const attribute = hierarchy.attributes(_class).get(head)
  return attribute === undefined ? [head, ...rest] : [...hierarchy.pathOf(attribute), ...rest]
}
