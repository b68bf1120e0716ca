import type { Hierarchy } from '../hierarchy.ts'
import { invalidQuery } from './invalid-query.ts'
import { MAX_QUERY_DEPTH, parsePath } from './parse-condition.ts'
import type { LookupScope, QueryScope } from './query-scope.ts'
import type { Path } from './plan.ts'

/** The target of a key: lookups from the outside in, and the path within the last one. */
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

/** The name of a lookup contains dots if its attribute does. */
function nextName(rest: string, lookups: LookupScope): string | undefined {
  return [...lookups.keys()]
    .filter((name) => rest.startsWith(`${name}.`))
    .sort((a, b) => b.length - a.length)[0]
}

/** The path of a field in documents of the class: below the mixin's id for an attribute of a mixin. */
export function resolvePath(hierarchy: Hierarchy, _class: string, key: string): Path {
  const [head = '', ...rest] = parsePath(key)
  const attribute = hierarchy.attributes(_class).get(head)
  return attribute === undefined ? [head, ...rest] : [...hierarchy.pathOf(attribute), ...rest]
}
