import type { MethodLimits } from '../modules/method-limits.ts'
import { estimatedSize } from '../shared/estimated-size.ts'
import type { KeyedCall } from './keyed-call.ts'

interface Entry {
  call: KeyedCall
  /** Milliseconds of a monotonic clock. */
  startedAt: number
  /** `undefined` while it is under way. */
  bytes: number | undefined
}

/** About the size of an error with its stack. */
const ERROR_BYTES = 4096

/** The calls with keys since the workspace was opened, in memory. Old ones are forgotten. */
export class KeyedCalls {
  readonly #limits: MethodLimits
  readonly #now: () => number
  /** In the order of their start. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  /** The latest start of one that was forgotten. */
  #forgotten = -Infinity

  /** @param now milliseconds of a monotonic clock */
  constructor(limits: MethodLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  find(id: string): KeyedCall | undefined {
    this.#sweep()
    return this.#entries.get(id)?.call
  }

  /** Whether a call that was first sent so many milliseconds ago may have been forgotten. */
  mayHaveForgotten(age: number): boolean {
    return this.#now() - age <= this.#forgotten
  }

  add(id: string, call: KeyedCall): void {
    const entry: Entry = { call, startedAt: this.#now(), bytes: undefined }
    this.#entries.set(id, entry)
    const settled = (bytes: number): void => {
      if (this.#entries.get(id) !== entry) return
      entry.bytes = bytes
      this.#bytes += bytes
      this.#sweep()
    }
    call.result.then(
      (result) => settled(estimatedSize(result)),
      () => settled(ERROR_BYTES),
    )
  }

  /** It did not run: a later call with its key is a new one. */
  remove(id: string): void {
    const { bytes = 0 } = this.#entries.get(id) ?? {}
    if (this.#entries.delete(id)) this.#bytes -= bytes
  }

  /** Forgets all that are not under way. */
  clear(): void {
    this.#sweep(true)
  }

  #sweep(all = false): void {
    const { calls, callBytes, callTime } = this.#limits
    const expired = this.#now() - callTime
    for (const [id, { bytes, startedAt }] of this.#entries) {
      const isTooMuch = this.#entries.size > calls || this.#bytes > callBytes
      if (!all && !isTooMuch && startedAt > expired) return
      if (bytes === undefined) continue
      this.#forgotten = Math.max(this.#forgotten, startedAt)
      this.#bytes -= bytes
      this.#entries.delete(id)
    }
  }
}
