import type { Doc } from '../documents.ts'
import { fieldsOf, isFields, type Fields } from '../json-value.ts'
import type { Path, Projection } from './plan.ts'

/** Fields by path. A leaf includes everything below it. */
interface Branch {
  children: Map<string, Branch>
  leaf: boolean
}

const always: Path[] = [['_id'], ['_class']]

/** Projects documents, also within arrays of objects, as MongoDB does. `_id` and `_class` are always included. */
export function compileProjection(projection: Projection): (doc: Doc) => Doc {
  if ('include' in projection) {
    const kept = branchOf([...always, ...projection.include])
    return (doc) => projected(pick(fieldsOf(doc), kept))
  }
  const dropped = branchOf(projection.exclude.filter(([head]) => head !== '_id' && head !== '_class'))
  return (doc) => projected(omit(fieldsOf(doc), dropped))
}

/** The result lacks fields that `Doc` requires, but has those that the caller asked for. */
function projected(fields: object): Doc {
  return fields as Doc
}

function branchOf(paths: readonly Path[]): Branch {
  const root: Branch = { children: new Map(), leaf: false }
  for (const path of paths) {
    let branch = root
    for (const key of path) {
      const child = branch.children.get(key) ?? { children: new Map<string, Branch>(), leaf: false }
      branch.children.set(key, child)
      branch = child
    }
    branch.leaf = true
  }
  return root
}

function pick(fields: Fields, kept: Branch): Fields {
  const result: Fields = {}
  for (const key of Object.keys(fields)) {
    const branch = kept.children.get(key)
    if (branch === undefined) continue
    const value = branch.leaf ? fields[key] : pickInside(fields[key], branch)
    if (value !== undefined) result[key] = value
  }
  return result
}

/** A scalar has no fields, so that nothing remains. */
function pickInside(value: unknown, kept: Branch): unknown {
  if (Array.isArray(value))
    return value.map((item) => pickInside(item, kept)).filter((item) => item !== undefined)
  return isFields(value) ? pick(value, kept) : undefined
}

function omit(fields: Fields, dropped: Branch): Fields {
  const result: Fields = {}
  for (const key of Object.keys(fields)) {
    const branch = dropped.children.get(key)
    if (branch?.leaf === true) continue
    result[key] = branch === undefined ? fields[key] : omitInside(fields[key], branch)
  }
  return result
}

function omitInside(value: unknown, dropped: Branch): unknown {
  if (Array.isArray(value)) return value.map((item) => omitInside(item, dropped))
  return isFields(value) ? omit(value, dropped) : value
}
