import type { Doc } from '../../../model/documents.ts'
import type { FindPlan } from '../../../model/query/plan.ts'
import type { EncodedResult, Part, PartLimits } from '../../contract.ts'
import type { JsonText } from '../../shared/json-text.ts'
import { encodePage, encodeParts, PartCutter } from '../../shared/encode.ts'
import { findPage, type Found, readHead, type Selection, select, shaper, totalOf } from './find.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

/** A result of several parts, which are read from a snapshot. */
export class LongFind {
  readonly #file: WorkspaceFile
  readonly #plan: FindPlan
  readonly #selection: Selection
  readonly #cutter: PartCutter
  #at = 0

  constructor(file: WorkspaceFile, plan: FindPlan, selection: Selection, limits: PartLimits) {
    this.#file = file
    this.#plan = plan
    this.#selection = selection
    this.#cutter = new PartCutter(limits)
  }

  get total(): number {
    return this.#selection.total
  }

  next(): { part: Part; final: boolean } {
    const { rowids } = this.#selection
    const row = this.#file.prepare<JsonText<Doc>>(
      `SELECT data FROM ${this.#file.table(this.#plan.domain).name} WHERE rowid = ?`,
    )
    const data = row.pluck()
    const shape = shaper(this.#file, this.#plan)
    while (this.#at < rowids.length) {
      this.#file.checkpoint()
      const text = data.get(rowids[this.#at++] ?? null)
      const [part] = (text === undefined ? undefined : this.#cutter.add(shape(text))) ?? []
      if (part !== undefined) return { part, final: false }
    }
    return { part: this.#cutter.end()?.[0] ?? '', final: true }
  }

  /** Ends the snapshot. */
  close(): void {
    this.#file.close()
  }
}

/** The page if one statement returns it and it fits into one part. */
export function findEncodedPage(
  file: WorkspaceFile,
  plan: FindPlan,
  limits: PartLimits,
): EncodedResult | undefined {
  return encodePage(findPage(file, plan), limits)
}

/**
 * The result if it fits into one part, otherwise a `LongFind`. Call it within a transaction, which a `LongFind` keeps
 * open.
 */
export function findParts(file: WorkspaceFile, plan: FindPlan, limits: PartLimits): EncodedResult | LongFind {
  if (file.table(plan.domain).missing === true) return encodeParts([], plan.total ? 0 : -1, limits)
  const head = findHead(file, plan, limits)
  if (head !== undefined) return encodeParts(head.rows, head.total, limits)
  const selection = select(file, plan)
  return new LongFind(file, plan, selection, limits)
}

/** The whole result if it fits into one part. */
function findHead(file: WorkspaceFile, plan: FindPlan, limits: PartLimits): Found | undefined {
  const head = readHead(file, plan, limits)
  return (
    head && { rows: head.rows, total: plan.total ? totalOf(file, plan, head.compiled, head.rows.length) : -1 }
  )
}
