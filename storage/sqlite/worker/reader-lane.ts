import { StorageError } from '../../contract.ts'
import type { AskReader, PooledRead, ReadPlace } from './pooled-read.ts'
import { type Registered, RunningWorker, type ThreadOptions } from './running-worker.ts'

/** Maximum number of calls on their way to a thread: as many as a busy workspace asks for in one turn. */
const WIDEST = 64
/** Ticks of the pool after which the first call of a lane lasts. */
const LASTS = 2

export interface LaneOptions extends ThreadOptions {
  /** A call has ended, so that the lane may have room. */
  settled: () => void
  /** These calls have to be sent again. */
  returned: (reads: readonly PooledRead[]) => void
  /** Sends a call to the thread that holds something for it. */
  pinned: (lane: Lane, registered: Registered) => AskReader
}

/**
 * A reader thread, and the calls that were sent to it. The thread starts with the first call, runs the calls in order,
 * and is replaced after a crash.
 */
export class Lane implements ReadPlace {
  readonly #options: LaneOptions
  /** In the order of the calls, which is mostly that of their ends. An array of this size is shifted in place. */
  readonly #reads: PooledRead[] = []
  /** Number of calls by workspace. */
  readonly #workspaces = new Map<number, number>()
  #worker: RunningWorker | undefined
  /** Becomes one when a call lasts, and doubles with each call that ends. */
  #window = WIDEST

  constructor(options: LaneOptions) {
    this.#options = options
  }

  get depth(): number {
    return this.#reads.length
  }

  get hasRoom(): boolean {
    return this.#reads.length < this.#window
  }

  /** The thread of now; undefined before its first call. */
  get thread(): object | undefined {
    return this.#worker
  }

  /** The workspace of the call that runs. */
  get holder(): number | undefined {
    return this.#first?.workspace
  }

  has(workspace: number): boolean {
    return this.#workspaces.has(workspace)
  }

  readsOf(workspace: number): PooledRead[] {
    return this.#reads.filter((read) => read.workspace === workspace)
  }

  send(read: PooledRead, tick: number): void {
    const worker = (this.#worker ??= this.#start())
    read.sent(this, worker.send(read.registered, read.call, read), tick)
    this.#reads.push(read)
    this.#workspaces.set(read.workspace, (this.#workspaces.get(read.workspace) ?? 0) + 1)
  }

  ended(read: PooledRead): void {
    this.#remove(read)
    if (this.#window < WIDEST) this.#window *= 2
  }

  settled(): void {
    this.#options.settled()
  }

  revoked(read: PooledRead): void {
    this.#options.returned([read])
  }

  asking(read: PooledRead): AskReader {
    return this.#options.pinned(this, read.registered)
  }

  poll(): void {
    this.#worker?.pollReplies()
  }

  /** If the call that runs lasts: gives the others back. From then on the lane takes no other. */
  makeWay(tick: number): void {
    const first = this.#first
    if (this.#worker === undefined || first === undefined || tick - first.tick < LASTS) return
    this.#window = 1
    if (this.#reads.length > 1) this.#return(this.#worker, this.#worker.revoke())
  }

  /** The calls that were asked for before this time. */
  expired(since: number): PooledRead[] {
    return this.#reads.filter((read) => !read.isSettled && read.since <= since)
  }

  /** Tells the thread to stop a call that nobody waits for. */
  stopSettled(now: number): void {
    const first = this.#first
    if (first === undefined || !first.isSettled || first.stoppedAt !== 0) return
    first.stoppedAt = now
    this.#worker?.stop(first.id)
  }

  /** Whether the thread was told before this time to stop a call, and has not. */
  isStuck(since: number): boolean {
    const { stoppedAt } = this.#first ?? { stoppedAt: 0 }
    return stoppedAt !== 0 && stoppedAt <= since
  }

  /** Starts another thread with the next call. Resolves when the former one has ended. */
  async replace(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    this.#return(worker, this.#first?.id)
    this.#window = WIDEST
    await worker.end(new StorageError('unavailable', 'the storage worker was replaced'))
  }

  /** Closes the workspace's file. Does not wait for a call of another workspace that lasts. */
  async release(registered: Registered): Promise<void> {
    const worker = this.#worker
    if (worker?.isAttached(registered) !== true) return
    const released = new Promise<void>((resolve, reject) => {
      worker.send(registered, { method: 'release' }, { resolve: () => resolve(), reject })
    })
    if (this.#window > 1) await released
    else released.catch(() => undefined)
  }

  async close(reason: StorageError): Promise<void> {
    const worker = this.#worker
    for (const read of this.#reads) read.fail(reason)
    this.stopSettled(performance.now())
    await worker?.end(reason)
  }

  get #first(): PooledRead | undefined {
    return this.#reads[0]
  }

  /** Gives back the calls that have not begun. */
  #return(worker: RunningWorker, running: number | undefined): void {
    const back = this.#reads.filter(({ id, isPinned }) => !isPinned && id !== running)
    for (const read of back) {
      worker.forget(read.id)
      this.#remove(read)
    }
    this.#options.returned(back)
  }

  #remove(read: PooledRead): void {
    const at = this.#reads.indexOf(read)
    if (at === -1) return
    if (at === 0) this.#reads.shift()
    else this.#reads.splice(at, 1)
    const left = (this.#workspaces.get(read.workspace) ?? 1) - 1
    if (left > 0) this.#workspaces.set(read.workspace, left)
    else this.#workspaces.delete(read.workspace)
  }

  #start(): RunningWorker {
    const worker = new RunningWorker(this.#options, (cause) => {
      if (this.#worker === worker) this.#worker = undefined
      this.#return(worker, this.#first?.id)
      worker.rejectAll(new StorageError('unavailable', 'the storage worker has ended', { cause }))
      this.#options.crashed(cause)
    })
    return worker
  }
}
