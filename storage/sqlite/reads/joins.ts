import type { Doc } from '../../../model/documents.ts'
import { valuesAt } from '../../../model/query/path.ts'
import type { LookupPlan } from '../../../model/query/plan.ts'
import { compileCondition, type Join, type Joins } from '../../../model/query/predicate.ts'
import { compileCondition as compileSql } from '../sql/compile-condition.ts'
import { type JsonText, parseJson } from '../../shared/json-text.ts'
import { readDocuments } from '../file/documents.ts'
import { always, and, checked, template } from '../sql/sql-fragment.ts'
import { rootScope } from '../sql/sql-scope.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

/** The model's joins over the file. Only referenced documents are read. */
export function joinsOf(file: WorkspaceFile, lookups: readonly LookupPlan[]): Joins {
  return new Map(lookups.map((lookup) => [lookup.name, joinOf(file, lookup)]))
}

function joinOf(file: WorkspaceFile, lookup: LookupPlan): Join {
  const nested = joinsOf(file, lookup.nested)
  const documents =
    lookup.direction === 'forward' ? forward(file, lookup, nested) : reverse(file, lookup, nested)
  return { documents, nested }
}

function forward(file: WorkspaceFile, lookup: LookupPlan, nested: Joins): Join['documents'] {
  const values = valuesAt(lookup.path)
  const allowed = compileCondition(lookup.condition, nested)
  const known = new Map<unknown, Doc[]>()
  const read = (id: unknown): Doc[] => {
    if (typeof id !== 'string') return []
    const docs = known.get(id) ?? readDocuments(file, lookup.domain, [id]).map(parseJson).filter(allowed)
    known.set(id, docs)
    return docs
  }
  return (doc) => values(doc).flat().flatMap(read)
}

function reverse(file: WorkspaceFile, lookup: LookupPlan, nested: Joins): Join['documents'] {
  const allowed = compileCondition(lookup.condition, nested)
  const known = new Map<string, Doc[]>()
  return (doc) => {
    const docs = known.get(doc._id) ?? referring(file, lookup, doc._id).filter(allowed)
    known.set(doc._id, docs)
    return docs
  }
}

function referring(file: WorkspaceFile, lookup: LookupPlan, id: string): Doc[] {
  const scope = rootScope(file, lookup.domain, lookup.nested)
  if (scope.table.missing === true) return []
  const refers = compileSql({ op: 'eq', path: lookup.path, value: id }, scope)
  const where = and([checked(scope.alias), refers, scope.table.visible?.(scope.alias) ?? always])
  const query = template(`SELECT t0.data FROM ${scope.table.name} AS t0 WHERE {} ORDER BY t0._id`, where)
  return file.column<JsonText<Doc>>(query).map(parseJson)
}
