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
  /** Runs of an asynchronous trigger for one transaction before it becomes a dead letter, by default. */
  attempts: number
  /** Default time from the first failure until a transaction becomes a dead letter, in milliseconds. */
  retryTime: number
  /** Default delay before the second run, in milliseconds. It doubles with each further run. */
  firstDelay: number
  /** Default maximum delay between two runs, in milliseconds. */
  longestDelay: number
  /** Maximum runs of one trigger at once. */
  concurrency: number
  /** Transactions that were begun and are not done, for one trigger. No further one is begun. */
  open: number
  /** Failing transactions of one trigger. No further one is begun, as the cause is probably the same. */
  failing: number
  /** Times of attempts that are kept for one transaction. */
  keptAttempts: number
  /** Runs whose effects are committed together. */
  batch: number
  /** Crashes of the server during runs for one transaction before it becomes a dead letter. */
  crashes: number
  /** Runs after a crash that are recorded one by one, so that the next crash shows which one it was. */
  recordedRuns: number
  /** Dead letters of a trigger that are sent again at once. */
  redriven: number
  /** Time for which the position of a trigger that is gone is kept, in milliseconds. */
  keptPosition: number
  /** Runs of one trigger in one workspace that are shown to administrators. */
  keptRuns: number
  /** Duration from which on a run is logged as slow, in milliseconds. */
  slowRun: number
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
  attempts: Infinity,
  retryTime: 86_400_000,
  firstDelay: 100,
  longestDelay: 600_000,
  concurrency: 64,
  open: 1000,
  failing: 100,
  keptAttempts: 10,
  batch: 64,
  crashes: 2,
  recordedRuns: 200,
  redriven: 100,
  keptPosition: 30 * 86_400_000,
  keptRuns: 20,
  slowRun: 1000,
  waiting: 1000,
  unsavedRuns: 100,
  saveDelay: 1000,
  unsavedEntries: 1000,
}
