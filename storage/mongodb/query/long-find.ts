import type { Doc } from '../../../model/documents.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import type { EncodedResult, Part, PartLimits } from '../../contract.ts'
import { encodeParts, PartCutter } from '../../shared/encode.ts'
import { compileSort } from './compile-sort.ts'
import { perDocument, find, shaped } from './find.ts'
import { dependsOnJoins } from './joins.ts'
import { compileQuery, decoded, type QueryContext } from './query.ts'

/** Number of documents that are read, joined and projected at a time. */
const docsAtOnce = 500

/** A result with its first part. `rest` is set if there are more parts, and has to be closed. */
export interface Beginning extends Omit<EncodedResult, 'rest'> {
  rest?: Parts
}

/**
 * Runs a plan without loading the whole result, if the server can sort it. Each document is of the moment when the
 * server read it.
 */
export async function findParts(
  plan: FindPlan,
  limits: PartLimits,
  context: QueryContext,
): Promise<Beginning> {
  const { domain, sort, total } = plan
  const { mixedTypeFields } = context
  const { prefix } = context.documents.source(domain)
  const order = compileSort(sort, { domain, prefix, mixedTypeFields })
  if (order === undefined || dependsOnJoins(plan)) return encodeAll(await find(plan, context), limits)
  const rest = new Parts(rowsOf(plan, context), limits)
  const first = await rest.next()
  if (!first.final) return { parts: [first.part], total: total ? await countOf(plan, context) : -1, rest }
  const isAll = plan.limit === undefined || rest.count < plan.limit
  const counted = !total ? -1 : isAll ? rest.count : await countOf(plan, context)
  return { parts: rest.count === 0 ? [] : [first.part], total: counted }
}

/** Splits rows into parts as they are read. */
export class Parts {
  readonly #rows: AsyncGenerator<string>
  readonly #cutter: PartCutter
  /** Number of rows read. */
  count = 0

  constructor(rows: AsyncGenerator<string>, limits: PartLimits) {
    this.#rows = rows
    this.#cutter = new PartCutter(limits)
  }

  async next(): Promise<{ part: Part; final: boolean }> {
    for (;;) {
      const row = await this.#rows.next()
      if (row.done === true) return { part: this.#cutter.end()?.[0] ?? '', final: true }
      this.count += 1
      const [part] = this.#cutter.add(row.value) ?? []
      if (part !== undefined) return { part, final: false }
    }
  }

  /** Closes the cursor of the server. */
  async close(): Promise<void> {
    await this.#rows.return(undefined)
  }
}

function encodeAll(found: Doc[] & { total: number }, limits: PartLimits): Beginning {
  const rows = found.map((doc) => JSON.stringify(doc))
  const { parts, total } = encodeParts(rows, found.total, limits)
  return { parts, total }
}

async function countOf(plan: FindPlan, context: QueryContext): Promise<number> {
  return (await find({ ...plan, limit: 0, total: true }, context)).total
}

/**
 * The JSON texts of documents. The cursor is opened with the first one, and closed with the last one or by `return`.
 */
async function* rowsOf(plan: FindPlan, context: QueryContext): AsyncGenerator<string> {
  let group: Doc[] = []
  const flush = async () => {
    const found = await shaped(plan, { docs: group, total: -1 }, context)
    group = []
    return found.map((doc) => JSON.stringify(doc))
  }
  for await (const doc of documentsOf(plan, context)) {
    if (group.push(doc) >= docsAtOnce) yield* await flush()
  }
  yield* await flush()
}

async function* documentsOf(plan: FindPlan, context: QueryContext): AsyncGenerator<Doc> {
  const { limit = Infinity, domain, condition, sort } = plan
  if (limit <= 0) return
  const { source, filter } = compileQuery(domain, condition, context)
  const order = compileSort(sort, { domain, prefix: source.prefix, mixedTypeFields: context.mixedTypeFields })
  const cursor = source.collection
    .find(filter, { ...context.bound })
    .sort(order ?? {})
    .batchSize(docsAtOnce)
  const matches = perDocument(condition)
  let count = 0
  for await (const doc of decoded(cursor, source.decode)) {
    if (!matches(doc)) continue
    yield doc
    if (++count >= limit) return
  }
}
