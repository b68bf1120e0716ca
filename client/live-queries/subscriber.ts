import { findResult } from '../../model/query/evaluate.ts'
import type { FindResult, WithLookup } from '../../model/query/query.ts'
import type { Doc } from '../../model/documents.ts'
import { CopyCache } from '../runtime/copies.ts'
import { callSafely, type Report } from '../runtime/report.ts'
import type { Found } from './found.ts'

export interface QueryListener {
  result: (result: FindResult) => unknown
  /** Why there is no newer result, or what `result` has thrown. */
  error?: ((error: unknown) => unknown) | undefined
}

/** Who looks at a live query. Whatever it does, the query and the others go on. */
export class Subscriber {
  readonly #listener: QueryListener
  readonly #report: Report
  readonly #handedOut: CopyCache
  readonly #freezes: boolean

  constructor(listener: QueryListener, { report, freezes }: { report: Report; freezes: boolean }) {
    this.#listener = listener
    this.#report = report
    this.#freezes = freezes
    this.#handedOut = new CopyCache(freezes)
  }

  tell(docs: readonly Found[], total: number): void {
    const own = docs.map((doc) => this.#handedOut.of(doc)) as WithLookup<Doc>[]
    const result = findResult(own, total)
    if (this.#freezes) Object.freeze(result)
    callSafely(
      (error) => this.#failed(error),
      () => this.#listener.result(result),
    )
  }

  /** There is no newer result. */
  fail(error: unknown): void {
    const { error: listen } = this.#listener
    if (listen === undefined) this.#report(error)
    else callSafely(this.#report, () => listen(error))
  }

  /** Its own code has failed. */
  #failed(error: unknown): void {
    this.#report(error)
    if (this.#listener.error !== undefined) this.fail(error)
  }
}
