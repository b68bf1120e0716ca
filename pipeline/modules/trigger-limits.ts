/** What keeps triggers within bounds. */
export interface TriggerLimits {
  /** Synchronous triggers that set off each other, one after another, within one transaction. */
  depth: number
  /** Transactions that synchronous triggers add to one transaction. */
  derived: number
  /** Asynchronous triggers that set off each other, one commit after another. */
  generations: number
  /** Milliseconds one run of a trigger may take. */
  runTime: number
  /** Runs of an asynchronous trigger for one transaction, until it is set aside. */
  attempts: number
  /** Milliseconds until the second run; doubled before each further one. */
  firstDelay: number
  /** Milliseconds between two runs at most. */
  longestDelay: number
  /** Transactions that wait in memory for one asynchronous trigger; more are read from the log again. */
  waiting: number
  /** Transactions a trigger ran for, and made nothing of, until its place in the log is kept. */
  unsavedRuns: number
  /** Milliseconds until it is kept where no more transactions come: each time is a commit, which a pause saves. */
  saveDelay: number
  /** Log entries passed over until a trigger's place in the log is kept. */
  unsavedEntries: number
}

export const DEFAULT_TRIGGER_LIMITS: TriggerLimits = {
  depth: 16,
  derived: 1000,
  generations: 16,
  runTime: 30_000,
  attempts: 8,
  firstDelay: 100,
  longestDelay: 10_000,
  waiting: 1000,
  unsavedRuns: 100,
  saveDelay: 1000,
  unsavedEntries: 1000,
}
