import type { Doc } from '../../../model/documents.ts'
import { withLookups } from '../../../model/query/join.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import { compileCondition } from '../../../model/query/predicate.ts'
import { compileProjection } from '../../../model/query/projection.ts'
import { sortDocuments } from '../../../model/query/sort.ts'
import { MAX_ROW_STEPS, WorkMeter } from '../../../model/query/work-meter.ts'
import type { PartLimits } from '../../contract.ts'
import { type JsonText, parseJson, toJson } from '../../shared/json-text.ts'
import { compileFind, type CompiledFind, rowidsOf } from '../sql/compile-find.ts'
import { always, type SqlFragment, fragment } from '../sql/sql-fragment.ts'
import { joinsOf } from './joins.ts'
import { NotNativeError } from '../sql/sql-scope.ts'
import { boundFind, type PreparedFind } from '../sql/prepared-find.ts'
import { type QueryShape, shapeOf } from '../sql/query-shape.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

/** Maximum number of documents in a page. */
const longestPage = 200

/** The documents' JSON texts. */
export interface Found {
  rows: JsonText<Doc>[]
  total: number
}

/** The JSON texts of documents, joined by commas. */
export interface Page {
  text: string
  count: number
}

/**
 * Runs a plan with one statement that returns one text, which is cheaper than a snapshot, a check of the values, and
 * one row per document. `undefined` if the plan needs more.
 */
export function findPage(file: WorkspaceFile, plan: FindPlan): Page | undefined {
  const prepared = preparePage(file, plan)
  return prepared && readPage(file, prepared)
}

/** The statement of a page, with the values to bind. */
export interface PreparedPage {
  shape: QueryShape
  prepared: PreparedFind
}

/** `undefined` if one statement cannot run the plan. */
export function preparePage(file: WorkspaceFile, plan: FindPlan): PreparedPage | undefined {
  if (!isPage(plan)) return undefined
  const shape = shapeOf(plan)
  const prepared = file.preparedFind(shape)
  return prepared === null || prepared.check !== undefined ? undefined : { shape, prepared }
}

/** `undefined` if the file has values that the statement does not handle. */
export function readPage(file: WorkspaceFile, { shape, prepared }: PreparedPage): Page | undefined {
  const row = readRow(file, prepared, shape.values)
  if (row === undefined || row[0] !== 0) return undefined
  return { count: row[1], text: row[2] ?? '' }
}

/** Whether the result is a small number of whole documents of one domain. */
export function isPage({ limit, total, lookups, projection }: FindPlan): boolean {
  if (limit === undefined || limit > longestPage) return false
  return !total && lookups.length === 0 && projection === undefined
}

type PageRow = [nonScalar: number, count: number, text: string | null]

function readRow(
  file: WorkspaceFile,
  prepared: PreparedFind,
  values: QueryShape['values'],
): PageRow | undefined {
  const { sql, bind } = prepared.page
  try {
    return file.row<PageRow>(sql, bind(values))
  } catch {
    // The index was dropped, or the text exceeds a limit of SQLite. Reading row by row reports the cause.
    return undefined
  }
}

/** Runs a plan on one snapshot of the file. */
export function find(file: WorkspaceFile, plan: FindPlan): Found {
  return file.transaction('deferred', () => {
    if (file.table(plan.domain).missing === true) return { rows: [], total: plan.total ? 0 : -1 }
    const found = findNatively(file, plan) ?? findByModel(file, plan)
    return { rows: found.rows.map(shaper(file, plan)), total: found.total }
  })
}

/** The rowids of the result in order, and the total if requested. */
export interface Selection {
  rowids: readonly number[]
  total: number
}

/** Selects without reading documents, so that only sort keys are in memory. */
export function select(file: WorkspaceFile, plan: FindPlan): Selection {
  const compiled = native(file, plan)
  if (compiled === undefined) return selectByModel(file, plan)
  const { rows, unhinted } = compiled
  const rowids = readRows<number>(file, { rows: rowidsOf(rows), unhinted: rowidsOf(unhinted) })
  return { rowids, total: plan.total ? totalOf(file, plan, compiled, rowids.length) : -1 }
}

/** The result if it fits into one part; `undefined` if it does not, or if only the model can run the plan. */
export function readHead(
  file: WorkspaceFile,
  plan: FindPlan,
  { maxBytes, maxCount }: PartLimits,
): { rows: JsonText<Doc>[]; compiled: Pick<CompiledFind, 'count'> } | undefined {
  const limit = Math.min(plan.limit ?? Infinity, maxCount + 1)
  const compiled = native(file, { ...plan, limit })
  if (compiled === undefined) return undefined
  // The best index for a page may be a bad one for the whole result.
  const { rows, unhinted } = plan.limit === undefined ? { ...compiled, rows: compiled.unhinted } : compiled
  const found = readRows<JsonText<Doc>>(file, { rows, unhinted }, maxBytes)
  if (found.length > maxCount || lengthOf(found) > maxBytes) return undefined
  const shape = shaper(file, plan)
  const shaped: JsonText<Doc>[] = []
  let bytes = 0
  for (const row of found) {
    const text = shape(row)
    bytes += text.length
    if (bytes > maxBytes) return undefined
    shaped.push(text)
  }
  return { rows: shaped, compiled }
}

function lengthOf(rows: readonly string[]): number {
  return rows.reduce((sum, row) => sum + row.length, 0)
}

/** The lines of `EXPLAIN QUERY PLAN`, for tests and for diagnosis. */
export function explainFind(file: WorkspaceFile, plan: FindPlan): string[] {
  const { rows } = compileFind(plan, file)
  const steps = file.rows<{ detail: string }>(fragment(`EXPLAIN QUERY PLAN ${rows.sql}`, ...rows.params))
  return steps.map((step) => step.detail)
}

function findNatively(file: WorkspaceFile, plan: FindPlan): Found | undefined {
  const compiled = native(file, plan)
  if (compiled === undefined) return undefined
  const rows = readRows<JsonText<Doc>>(file, compiled)
  return { rows, total: plan.total ? totalOf(file, plan, compiled, rows.length) : -1 }
}

/** `undefined` if only the model can run the plan over the current values. */
function native(file: WorkspaceFile, plan: FindPlan): Omit<CompiledFind, 'readsFewRows'> | undefined {
  const compiled = compile(file, plan)
  const isAwkward = compiled?.check !== undefined && file.value<number>(compiled.check) === 1
  return isAwkward ? undefined : compiled
}

function compile(file: WorkspaceFile, plan: FindPlan): Omit<CompiledFind, 'readsFewRows'> | undefined {
  const shape = shapeOf(plan)
  const prepared = file.preparedFind(shape)
  if (prepared !== null && !hasNonScalars(file, prepared)) return boundFind(prepared, shape.values)
  try {
    return compileFind(plan, file)
  } catch (error) {
    if (error instanceof NotNativeError) return undefined
    throw error
  }
}

function hasNonScalars(file: WorkspaceFile, { nonScalarTest }: PreparedFind): boolean {
  return nonScalarTest !== undefined && file.value<number>(nonScalarTest) !== 0
}

/**
 * The first column of every row, or of the rows up to one that exceeds this number of characters. SQLite rejects the
 * index hint if the index does not exist, or cannot serve the query.
 */
function readRows<T extends string | number>(
  file: WorkspaceFile,
  { rows, unhinted }: Pick<CompiledFind, 'rows' | 'unhinted'>,
  most = Infinity,
): T[] {
  const read = (query: SqlFragment) =>
    most === Infinity ? file.column<T>(query) : firstRows<T>(file, query, most)
  if (rows === unhinted) return read(rows)
  try {
    return read(rows)
  } catch {
    return read(unhinted)
  }
}

function firstRows<T extends string | number>(
  file: WorkspaceFile,
  { sql, params }: SqlFragment,
  most: number,
): T[] {
  const found: T[] = []
  let size = 0
  for (const row of file
    .prepare<T>(sql)
    .pluck()
    .iterate(...params)) {
    found.push(row)
    size += String(row).length
    if (size > most) break
  }
  return found
}

export function totalOf(
  file: WorkspaceFile,
  plan: FindPlan,
  compiled: Pick<CompiledFind, 'count'>,
  found: number,
): number {
  if (plan.limit === undefined || (found > 0 && found < plan.limit)) return found
  return file.value<number>(compiled.count) ?? 0
}

/** Runs the plan with the model's evaluation over all documents, if SQL cannot express its order. */
function selectByModel(file: WorkspaceFile, plan: FindPlan): Selection {
  const meter = new WorkMeter(MAX_ROW_STEPS)
  const joins = joinsOf(file, plan.lookups, meter)
  const matches = compileCondition(plan.condition, joins, meter)
  const table = file.table(plan.domain)
  const { sql } = table.visible?.('t0') ?? always
  const found = new Map<Doc, number>()
  const all = file
    .prepare<[number, JsonText<Doc>]>(`SELECT rowid, data FROM ${table.name} AS t0 WHERE ${sql}`)
    .raw()
  for (const [rowid, data] of all.iterate()) {
    file.checkpoint()
    meter.restart()
    const doc = parseJson(data)
    if (matches(doc)) found.set(doc, rowid)
  }
  const sorted = sortDocuments([...found.keys()], plan.sort, joins)
  const rowids = sorted.slice(0, plan.limit).flatMap((doc) => found.get(doc) ?? [])
  return { rowids, total: plan.total ? found.size : -1 }
}

function findByModel(file: WorkspaceFile, plan: FindPlan): Found {
  const { rowids, total } = selectByModel(file, plan)
  const data = file
    .prepare<JsonText<Doc>>(`SELECT data FROM ${file.table(plan.domain).name} WHERE rowid = ?`)
    .pluck()
  return { rows: rowids.flatMap((rowid) => data.get(rowid) ?? []), total }
}

type Shaper = (row: JsonText<Doc>) => JsonText<Doc>

/** Applies lookups and projection. Other rows pass unchanged, without parsing. */
export function shaper(file: WorkspaceFile, { lookups, projection }: FindPlan): Shaper {
  if (lookups.length === 0 && projection === undefined) return (row) => row
  const meter = new WorkMeter(MAX_ROW_STEPS)
  const joins = joinsOf(file, lookups, meter)
  const project = projection === undefined ? undefined : compileProjection(projection)
  return (row) => {
    file.checkpoint()
    meter.restart()
    const doc = parseJson(row)
    return toJson(withLookups(doc, project?.(doc) ?? doc, lookups, joins))
  }
}
