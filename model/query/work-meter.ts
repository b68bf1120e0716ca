import type { StatusError } from '../status.ts'
import { invalidQuery } from './invalid-query.ts'

/**
 * Maximum steps of one request on the event loop: a query of documents in memory, or an update of a document. A step
 * takes up to some 20 ns: one test of a scalar takes two of them, an item that is copied a part of one.
 */
export const MAX_REQUEST_STEPS = 5_000_000
/** Maximum steps over one stored document, in a thread or between two reads of a cursor. */
export const MAX_ROW_STEPS = 50_000_000

/** Steps of one condition over one value. */
export const TEST_STEPS = 2

type Refuse = (message: string, params: { limit: number }) => StatusError

/**
 * Counts what the evaluation of a request does, and refuses it before a step for which nothing is left. Whatever is
 * not metered, such as the replay of a log, has no limit.
 */
export class WorkMeter {
  readonly #limit: number
  #left: number

  readonly #refuse: Refuse

  /** @param refuse makes the error; InvalidQuery by default */
  constructor(limit = MAX_REQUEST_STEPS, refuse: Refuse = invalidQuery) {
    this.#limit = limit
    this.#left = limit
    this.#refuse = refuse
  }

  /** @throws StatusError with the limit if less is left */
  spend(steps: number): void {
    this.#left -= steps
    if (this.#left < 0) throw this.#refusal()
  }

  /** As {@link spend}, for what may take fewer steps: it spends nothing. */
  check(steps: number): void {
    if (steps > this.#left) throw this.#refusal()
  }

  /** Before the next stored document. */
  restart(): void {
    this.#left = this.#limit
  }

  #refusal(): StatusError {
    return this.#refuse('the request takes too many steps', { limit: this.#limit })
  }
}

/** Items of an array that are copied in a step. */
const ITEMS_COPIED = 8
/** Steps for a field of an object that is copied: a large object is a hash table. */
const FIELD_STEPS = 4

/** Steps to copy an array or an object, without what is in its members. */
export function stepsOfCopy(container: object | undefined): number {
  if (container === undefined) return 1
  if (Array.isArray(container)) return 1 + container.length / ITEMS_COPIED
  return 1 + Object.keys(container).length * FIELD_STEPS
}

/** Steps to look for a text of this length, at worst at each place of another one. */
export function stepsOfSearch(length: number, sought: number): number {
  return 1 + (length * (sought + 4)) / 8
}

/** Steps to compare a value with an operand, by their size. */
export function stepsOfComparison(operand: unknown): number {
  if (typeof operand !== 'object' || operand === null) return 1
  return Object.values(operand).reduce<number>((sum, each) => sum + stepsOfComparison(each), 1)
}
