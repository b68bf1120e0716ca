/** What was counted under one key in its current window. */
export interface Count {
  spent: number
  /** Milliseconds until the window ends; the next count starts a new one. */
  resetsIn: number
}

/**
 * Counts by key in windows of time. A window starts with the first count under its key. A store that several servers
 * share returns promises; the one in memory returns values, so that a request has no turn of the event loop to wait for.
 */
export interface RateStore {
  /** Adds to the count of a key. @param duration milliseconds of a window that this count starts */
  take: (key: string, cost: number, duration: number) => Count | Promise<Count>
  /** `undefined`: nothing was counted in a window that has not ended. */
  peek: (key: string) => Count | undefined | Promise<Count | undefined>
  forget: (key: string) => void | Promise<void>
}
