/** What a storage reports of its queues and threads, for metrics. */
export interface StorageObserver {
  /** A call began after this number of seconds in a queue. */
  waited: (role: 'reader' | 'writer', seconds: number) => void
  /** A read was stopped at its deadline. */
  timedOut: () => void
  /** A thread did not stop a read, and was replaced. */
  replaced: () => void
  /** Calls that wait or run, by role. Read when metrics are. */
  watchDepths: (depths: () => Map<string, number>) => void
}

export const silentObserver: StorageObserver = {
  waited: () => undefined,
  timedOut: () => undefined,
  replaced: () => undefined,
  watchDepths: () => undefined,
}
