/** Limits of triggers. */
export interface TriggerLimits {
  /** Depth of synchronous triggers that start each other within one transaction. */
  depth: number
  /** Transactions that synchronous triggers add to one transaction. */
  derived: number
  /** Asynchronous triggers that start each other, one commit after another. */
  generations: number
  /** Maximum duration of one run of an asynchronous trigger, in milliseconds. */
  runTime: number
  /** Maximum duration of one run of a synchronous trigger, in milliseconds: other commits of the workspace wait for it. */
  syncRunTime: number
  /** Runs of a synchronous trigger in a row that exceed it before the trigger is refused for a while. */
  hangs: number
  /** Duration of the first pause, in milliseconds. It doubles with each further run that exceeds its time. */
  firstPause: number
  /** Maximum duration of a pause, in milliseconds. */
  longestPause: number
  /** Runs of an asynchronous trigger for one transaction before it becomes a dead letter. */
  attempts: number
  /** Delay before the second run, in milliseconds. It doubles with each further run. */
  firstDelay: number
  /** Maximum delay between two runs, in milliseconds. */
  longestDelay: number
  /** Transactions that wait in memory for one asynchronous trigger. Further ones are read from the log. */
  waiting: number
  /** Runs without effects before the position of a trigger is saved. */
  unsavedRuns: number
  /** Delay before the position is saved if no further transaction follows, in milliseconds. Each save is a commit. */
  saveDelay: number
  /** Log entries without a match before the position of a trigger is saved. */
  unsavedEntries: number
}

export const DEFAULT_TRIGGER_LIMITS: TriggerLimits = {
  depth: 16,
  derived: 1000,
  generations: 16,
  runTime: 30_000,
  syncRunTime: 1000,
  hangs: 3,
  firstPause: 1000,
  longestPause: 60_000,
  attempts: 8,
  firstDelay: 100,
  longestDelay: 10_000,
  waiting: 1000,
  unsavedRuns: 100,
  saveDelay: 1000,
  unsavedEntries: 1000,
}
