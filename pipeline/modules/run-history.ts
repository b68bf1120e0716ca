import { LRUCache } from 'lru-cache'

/** A run of an asynchronous trigger that has ended. */
export interface RunRecord {
  seq: number
  /** `_id` of the transaction. */
  transaction: string
  /** The key that orders it. */
  key: string
  /** The asynchronous triggers that led to the transaction, in order. */
  causes: readonly string[]
  /** When it began, in milliseconds since the Unix epoch. */
  at: number
  milliseconds: number
  outcome: 'done' | 'failed'
  /** Why it failed. */
  message?: string
  /** Number of transactions that it made. */
  made: number
}

/** Triggers of workspaces whose runs are kept. */
const MAX_KEPT = 2000

/** The last runs of triggers, by workspace. In memory: they outlive the workspace, not the server. */
export class RunHistory {
  readonly #most: number
  readonly #runs = new LRUCache<string, RunRecord[]>({ max: MAX_KEPT })

  /** @param most runs of one trigger in one workspace */
  constructor(most: number) {
    this.#most = most
  }

  add(workspace: string, trigger: string, run: RunRecord): void {
    const key = keyOf(workspace, trigger)
    const runs = this.#runs.get(key) ?? []
    runs.push(run)
    if (runs.length > this.#most) runs.shift()
    this.#runs.set(key, runs)
  }

  /** The newest first. */
  of(workspace: string, trigger: string): RunRecord[] {
    return [...(this.#runs.get(keyOf(workspace, trigger)) ?? [])].reverse()
  }
}

function keyOf(workspace: string, trigger: string): string {
  return `${trigger} ${workspace}`
}
