export interface CommitLimits {
  /** Maximum number of waiting requests. Further ones are rejected. */
  maxWaiting: number
  /** Maximum number of requests in one storage transaction. */
  maxGroup: number
  /**
   * Maximum bytes of the requests in one storage transaction, and of the documents that they change. One request may be
   * larger. What is committed together is pushed together, and occupies the writer, for which other workspaces wait.
   */
  maxGroupBytes: number
  /** Maximum bytes of JSON of a request with all that it entails, and of a document that it changes. */
  maxTransaction: number
  /** Maximum bytes of a transient document, of all that an account created, and of all in a workspace. */
  maxTransientDocument: number
  maxTransientAccount: number
  maxTransientWorkspace: number
}

export const DEFAULT_COMMIT_LIMITS: CommitLimits = {
  maxWaiting: 10_000,
  maxGroup: 256,
  maxGroupBytes: 16 * 1024 * 1024,
  maxTransaction: 8 * 1024 * 1024,
  maxTransientDocument: 16 * 1024,
  maxTransientAccount: 256 * 1024,
  maxTransientWorkspace: 16 * 1024 * 1024,
}
