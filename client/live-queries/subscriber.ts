import { findResult } from '../../model/query/evaluate.ts'
import type { FindResult } from '../../model/query/query.ts'
import { CopyCache } from '../runtime/copies.ts'
import { callSafely, type Report } from '../runtime/report.ts'
import type { Found } from './found.ts'

export interface QueryListener {
  result: (result: FindResult) => unknown
  /** Called with errors of the query, and with those that `result` throws. */
  error?: ((error: unknown) => unknown) | undefined
}

/** A subscriber of a live query. Errors of its listener do not affect the query and its other subscribers. */
export class Subscriber {
  readonly #listener: QueryListener
  readonly #report: Report
  readonly #copies: CopyCache
  readonly #freezes: boolean

  constructor(listener: QueryListener, { report, freezes }: { report: Report; freezes: boolean }) {
    this.#listener = listener
    this.#report = report
    this.#freezes = freezes
    this.#copies = new CopyCache(freezes)
  }

  deliver(docs: readonly Found[], total: number): void {
    const own = docs.map((doc) => this.#copies.of(doc))
    const result = findResult(own, total)
    if (this.#freezes) Object.freeze(result)
    callSafely(
      (error) => this.#listenerFailed(error),
      () => this.#listener.result(result),
    )
  }

  /** The query failed: there is no newer result. */
  fail(error: unknown): void {
    const { error: listen } = this.#listener
    if (listen === undefined) this.#report(error)
    else callSafely(this.#report, () => listen(error))
  }

  #listenerFailed(error: unknown): void {
    this.#report(error)
    if (this.#listener.error !== undefined) this.fail(error)
  }
}
