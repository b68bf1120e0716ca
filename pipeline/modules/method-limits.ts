/** Limits of the methods of modules. */
export interface MethodLimits {
  /** Maximum duration of a run, in milliseconds. A method may have a limit of its own. */
  timeout: number
  /** Milliseconds that the run of a call with a key continues after its session has ended, for the client to come back. */
  orphanTime: number
  /** Runs of one transaction with reads before it is refused. */
  tries: number
  /** Documents and their estimated bytes that are remembered as changed while transactions with reads run. */
  changes: number
  changedBytes: number
  /** Calls of a workspace whose outcome is in memory, the bytes of their results, and for how many milliseconds. */
  calls: number
  callBytes: number
  callTime: number
  /** Stored outcomes of a workspace, the bytes of one, and for how many milliseconds. */
  outcomes: number
  outcomeBytes: number
  outcomeTime: number
}

export const DEFAULT_METHOD_LIMITS: MethodLimits = {
  timeout: 30_000,
  orphanTime: 10_000,
  tries: 10,
  changes: 20_000,
  changedBytes: 32 * 1024 * 1024,
  calls: 20_000,
  callBytes: 16 * 1024 * 1024,
  callTime: 10 * 60_000,
  outcomes: 10_000,
  outcomeBytes: 1024 * 1024,
  outcomeTime: 24 * 60 * 60_000,
}
