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
  /** Attacks: repetitions, seconds of each, and minutes of the tenants' soak. */
  attacks: { repetitions: number; seconds: number; minutes: number }
}

export const full: Plan = {
  beside: { documents: 100_000, workspaces: 1000 },
  attacks: { repetitions: 3, seconds: 6, minutes: 10 },
  documents: 100_000,
  repetitions: 5,
  seconds: 2,
  sessions: 1500,
  backup: 1_000_000,
  workspaces: 60,
}
export const quick: Plan = {
  beside: { documents: 5000, workspaces: 50 },
  attacks: { repetitions: 1, seconds: 3, minutes: 2 },
  documents: 100_000,
  repetitions: 3,
  seconds: 0.5,
  sessions: 400,
  backup: 20_000,
  workspaces: 15,
}
