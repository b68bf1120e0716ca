/** The duration and size of the measurements. */
export interface Plan {
  /** Documents in the large workspace. */
  documents: number
  /** Number of measurements of each case. */
  repetitions: number
  /** Seconds of each measurement. */
  seconds: number
  /** Idle sessions in each repetition. */
  sessions: number
  /** Documents of a backup. */
  backup: number
  /** Idle workspaces in each repetition. */
  workspaces: number
  /** Comparison of two storages: documents in each, and entered workspaces. */
  beside: { documents: number; workspaces: number }
}

export const full: Plan = {
  beside: { documents: 100_000, workspaces: 1000 },
  documents: 100_000,
  repetitions: 5,
  seconds: 2,
  sessions: 1500,
  backup: 1_000_000,
  workspaces: 60,
}
export const quick: Plan = {
  beside: { documents: 5000, workspaces: 50 },
  documents: 100_000,
  repetitions: 3,
  seconds: 0.5,
  sessions: 400,
  backup: 20_000,
  workspaces: 15,
}
