import { StorageError } from '../../storage/contract.ts'
import type { MigrationStats } from '../../pipeline/push/workspace-listener.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

/** Milliseconds that an applicant waits for a workspace whose opening a migration holds up. */
const PATIENCE = 2000

/** A migration holds up the opening for longer than an applicant waits. */
export class StillMigrating extends Error {
  readonly stats: MigrationStats

  constructor(stats: MigrationStats) {
    super('the workspace is being migrated')
    this.name = 'StillMigrating'
    this.stats = stats
  }
}

/** The opening of a workspace: how far its migrations have come, and who waits for how long. */
export class Opening {
  readonly #wheel: TimerWheel
  #stop = new AbortController()
  #stats: MigrationStats | undefined
  #hasMoved = false

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel
  }

  /** Another opening begins. Returns the signal that ends its migrations. */
  begin(): AbortSignal {
    this.#stop = new AbortController()
    return this.#stop.signal
  }

  /** How far the migration has come that holds up the opening. */
  get stats(): MigrationStats | undefined {
    return this.#stats
  }

  /** A batch was committed. */
  migrating(stats: MigrationStats): void {
    this.#stats = stats
    this.#hasMoved = true
  }

  /** The workspace has opened, or failed to. */
  end(): void {
    this.#stats = undefined
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Ends a migration that holds up the opening, after its batch. */
  stop(): void {
    this.#stop.abort(new StorageError('closed', 'the workspace closes'))
  }

  /** A timeout that begins again whenever a migration has come on in the meantime. */
  readonly schedule = (milliseconds: number, task: () => void): Cancel => {
    let cancel: Cancel = () => undefined
    const arm = (): void => {
      this.#hasMoved = false
      cancel = this.#wheel.schedule(milliseconds, () => (this.#hasMoved ? arm() : task()))
    }
    arm()
    return () => cancel()
  }

  /** @throws StillMigrating when a migration takes longer than an applicant waits */
  async wait<T>(opened: Promise<T>): Promise<T> {
    let cancel: Cancel = () => undefined
    const tooLong = new Promise<never>((_resolve, reject) => {
      const look = (): void => {
        if (this.#stats === undefined) cancel = this.#wheel.schedule(PATIENCE, look)
        else reject(new StillMigrating(this.#stats))
      }
      cancel = this.#wheel.schedule(PATIENCE, look)
    })
    try {
      return await Promise.race([opened, tooLong])
    } finally {
      cancel()
    }
  }
}
