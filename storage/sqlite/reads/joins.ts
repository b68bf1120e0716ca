import type { Doc } from '../../../model/documents.ts'
import { valuesAt } from '../../../model/query/path.ts'
import type { LookupPlan } from '../../../model/query/plan.ts'
import { compileCondition, type Join, type Joins, type Predicate } from '../../../model/query/predicate.ts'
import type { WorkMeter } from '../../../model/query/work-meter.ts'
import { compileCondition as compileSql } from '../sql/compile-condition.ts'
import { type JsonText, parseJson } from '../../shared/json-text.ts'
import { readDocuments } from '../file/documents.ts'
import { always, and, checked, template } from '../sql/sql-fragment.ts'
import { rootScope } from '../sql/sql-scope.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

/** Documents with the size of their text. */
interface Sized {
  docs: Doc[]
  size: number
}

/**
 * The model's joins over the file. Only referenced documents are read.
 * @param meter counts the text of joined documents: nested lookups multiply
 */
export function joinsOf(file: WorkspaceFile, lookups: readonly LookupPlan[], meter?: WorkMeter): Joins {
  return new Map(lookups.map((lookup) => [lookup.name, joinOf(file, lookup, meter)]))
}

function joinOf(file: WorkspaceFile, lookup: LookupPlan, meter: WorkMeter | undefined): Join {
  const nested = joinsOf(file, lookup.nested, meter)
  const allowed = compileCondition(lookup.condition, nested)
  const documents =
    lookup.direction === 'forward' ? forward(file, lookup, allowed) : reverse(file, lookup, allowed)
  const joined = (doc: Doc) => {
    const { docs, size } = documents(doc)
    meter?.spend(1 + size)
    return docs
  }
  return { documents: joined, nested }
}

type Joined = (doc: Doc) => Sized

function forward(file: WorkspaceFile, lookup: LookupPlan, allowed: Predicate): Joined {
  const values = valuesAt(lookup.path)
  const known = new Map<string, Sized>()
  const read = (id: string): Sized => {
    const found = known.get(id) ?? sized(readDocuments(file, lookup.domain, [id]), allowed)
    known.set(id, found)
    return found
  }
  return (doc) => {
    const ids = values(doc).flat()
    const found = ids.flatMap((id) => (typeof id === 'string' ? read(id) : []))
    return { docs: found.flatMap(({ docs }) => docs), size: found.reduce((sum, { size }) => sum + size, 0) }
  }
}

function reverse(file: WorkspaceFile, lookup: LookupPlan, allowed: Predicate): Joined {
  const known = new Map<string, Sized>()
  return (doc) => {
    const found = known.get(doc._id) ?? sized(referring(file, lookup, doc._id), allowed)
    known.set(doc._id, found)
    return found
  }
}

function sized(texts: readonly JsonText<Doc>[], allowed: Predicate): Sized {
  const docs = texts.map(parseJson).filter(allowed)
  return { docs, size: texts.reduce((sum, text) => sum + text.length, 0) }
}

function referring(file: WorkspaceFile, lookup: LookupPlan, id: string): JsonText<Doc>[] {
  const scope = rootScope(file, lookup.domain, lookup.nested)
  if (scope.table.missing === true) return []
  const refers = compileSql({ op: 'eq', path: lookup.path, value: id }, scope)
  const where = and([checked(scope.alias), refers, scope.table.visible?.(scope.alias) ?? always])
  const query = template(`SELECT t0.data FROM ${scope.table.name} AS t0 WHERE {} ORDER BY t0._id`, where)
  return file.column<JsonText<Doc>>(query)
}
