/** How long and how much is measured. */
export interface Plan {
  /** Documents in the large workspace. */
  documents: number
  /** Measurements of each thing. */
  repetitions: number
  /** Seconds of each measurement. */
  seconds: number
  /** Sessions that idle, for each repetition. */
  sessions: number
  /** Documents of a backup. */
  backup: number
  /** Workspaces that idle, for each repetition. */
  workspaces: number
  /** Where two storages are beside each other: documents in each, and workspaces that are entered. */
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
