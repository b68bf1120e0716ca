export interface CommitLimits {
  /** Requests that may wait; one more is refused. */
  maxWaiting: number
  /** Requests committed in one storage transaction at most. */
  maxGroup: number
}

export const DEFAULT_COMMIT_LIMITS: CommitLimits = { maxWaiting: 10_000, maxGroup: 256 }
