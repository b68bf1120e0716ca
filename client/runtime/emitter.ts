import type { Cancel } from './environment.ts'
import { callSafely, type Report } from './report.ts'

/** Tells whoever wants to know. A listener that fails is reported, and keeps nobody from being told. */
export class Emitter<Event extends readonly unknown[]> {
  readonly #listeners = new Set<(...event: Event) => unknown>()
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  get size(): number {
    return this.#listeners.size
  }

  /** The same function may listen more than once. */
  on(listener: (...event: Event) => unknown): Cancel {
    const own = (...event: Event) => listener(...event)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  emit(...event: Event): void {
    for (const listener of this.#listeners) callSafely(this.#report, () => listener(...event))
  }
}
