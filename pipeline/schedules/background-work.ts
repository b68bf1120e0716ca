import type { AsyncTriggers } from '../triggers/async-triggers.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Schedules } from './schedules.ts'

/** Milliseconds: for a run that is due before, the workspace stays open. */
const SOON = 60_000
/** Milliseconds until a workspace is opened again whose triggers stopped because their position could not be saved. */
const PARKED_PAUSE = 600_000

/** The work of a workspace that nobody waits for: triggers, and runs of jobs that are due soon. */
export class BackgroundWork {
  readonly #workspace: Workspace
  readonly #triggers: AsyncTriggers
  readonly #schedules: Schedules
  readonly #stopping: Promise<void>
  #stopped!: () => void
  #isStopped = false
  /** A trigger had stopped over its backlog before the workspace closed. */
  #wasParked = false

  constructor(workspace: Workspace, triggers: AsyncTriggers, schedules: Schedules) {
    this.#workspace = workspace
    this.#triggers = triggers
    this.#schedules = schedules
    this.#stopping = new Promise((resolve) => (this.#stopped = resolve))
  }

  get isBusy(): boolean {
    return !this.#isStopped && (this.#triggers.isBusy || this.#schedules.isBusy || this.#isSoon)
  }

  /** When there is work after the workspace has closed, in milliseconds since the epoch. */
  get nextAt(): number | undefined {
    const { clock } = this.#workspace
    if (!this.#triggers.hasBacklog) return this.#schedules.dueAt
    return clock.now() + (this.#wasParked ? PARKED_PAUSE : 0)
  }

  /** Resolves when there is no work, or when the workspace closes. */
  async done(): Promise<void> {
    while (this.isBusy) {
      if (this.#triggers.isBusy) await this.#triggers.idle()
      else await Promise.race([this.#schedules.started(), this.#stopping])
    }
  }

  /** The workspace closes. */
  stop(): void {
    this.#wasParked = this.#triggers.hasBacklog && !this.#triggers.isBusy
    this.#isStopped = true
    this.#stopped()
  }

  get #isSoon(): boolean {
    const { dueAt } = this.#schedules
    return dueAt !== undefined && dueAt - this.#workspace.clock.now() < SOON
  }
}
