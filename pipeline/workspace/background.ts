/** Learns which workspaces have to be opened although nobody asks for them, to do work that was left. Never rejects. */
export interface BackgroundListener {
  /** The workspace opens and may leave work if the process ends. Stored when it resolves. */
  awake: (workspace: string) => Promise<void>
  /**
   * The workspace has closed.
   * @param at when it has work next, in milliseconds since the epoch; `undefined` if it has none
   */
  asleep: (workspace: string, at: number | undefined) => Promise<void>
}
