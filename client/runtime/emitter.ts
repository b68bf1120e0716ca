import type { Cancel } from './environment.ts'
import { callSafely, type Report } from './report.ts'

/** Calls listeners. One that throws is reported, and the others are called. */
export class Emitter<Event extends readonly unknown[]> {
  readonly #listeners = new Set<(...event: Event) => unknown>()
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  get size(): number {
    return this.#listeners.size
  }

  /** A function that is added twice is called twice. */
  on(listener: (...event: Event) => unknown): Cancel {
    const own = (...event: Event) => listener(...event)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  emit(...event: Event): void {
    for (const listener of this.#listeners) callSafely(this.#report, () => listener(...event))
  }
}
