export interface CommitLimits {
  /** Maximum number of waiting requests. Further ones are rejected. */
  maxWaiting: number
  /** Maximum number of requests in one storage transaction. */
  maxGroup: number
}

export const DEFAULT_COMMIT_LIMITS: CommitLimits = { maxWaiting: 10_000, maxGroup: 256 }
