import assert from 'node:assert'
import type { Method, MethodTable } from './method.ts'

/** Every method that a session can call: an allow-list, looked up by own key only. */
export class MethodRegistry {
  readonly #methods = new Map<string, Method>()

  /** @throws AssertionError when two tables have a method of one name */
  constructor(tables: Iterable<MethodTable>) {
    for (const table of tables) {
      for (const [name, method] of table) {
        assert(!this.#methods.has(name), `there are two methods ${name}`)
        this.#methods.set(name, method)
      }
    }
  }

  find(name: string): Method | undefined {
    return this.#methods.get(name)
  }
}
