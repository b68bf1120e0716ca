import { StorageError } from '../../contract.ts'
import { defaultReadTimeout, ReadTimeoutError } from '../../shared/read-timeout.ts'
import { silentObserver, type StorageObserver } from '../../storage-observer.ts'
import { type AskReader, PooledRead, type ReadParams } from './pooled-read.ts'
import { ReadQueue } from './read-queue.ts'
import { Lane } from './reader-lane.ts'
import type { Registered, ThreadOptions } from './running-worker.ts'
import type { ReadCall, ResultOfCall } from './worker-protocol.ts'

export interface ReaderLimits {
  /** Milliseconds that a read may take, its time in the queue included. */
  timeout: number
  /** Milliseconds in which a thread has to stop a read after its deadline. Then the thread is replaced. */
  grace: number
}

export const readerLimits: ReaderLimits = { timeout: defaultReadTimeout, grace: 2000 }

/** With one thread, a single workspace would hold all of them. */
export const FEWEST_READERS = 2

/** Milliseconds between two looks at what the threads do. */
const TICK = 25

export interface ReaderPoolOptions extends ThreadOptions {
  count: number
  limits?: Partial<ReaderLimits> | undefined
  observer?: Omit<StorageObserver, 'watchDepths'> | undefined
}

/**
 * The reader threads, which all workspaces share. Each thread has a lane with a few calls on their way, because a
 * message for each call would cost as much as a short read. Other calls wait in one queue per workspace, and workspaces
 * take turns. A workspace has calls in all lanes but one at most. A call that lasts keeps its lane for itself: those
 * behind it go to other lanes.
 */
export class ReaderPool {
  readonly #limits: ReaderLimits
  readonly #observer: Omit<StorageObserver, 'watchDepths'>
  readonly #lanes: Lane[]
  readonly #queue = new ReadQueue()
  /** Number of threads by workspace that were replaced and have not ended. */
  readonly #replaced = new Map<number, number>()
  /** Called when a call has ended. */
  readonly #waiting = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #tick = 0
  #isClosed = false

  constructor({ count, limits, observer = silentObserver, ...options }: ReaderPoolOptions) {
    this.#limits = { ...readerLimits, ...limits }
    this.#observer = observer
    const events = {
      settled: () => this.#settled(),
      returned: (reads: readonly PooledRead[]) => this.#queue.putBack(reads),
      pinned: (lane: Lane, registered: Registered) => this.#pinnedTo(lane, registered),
    }
    const lane = () => new Lane({ ...options, ...events })
    this.#lanes = Array.from({ length: Math.max(FEWEST_READERS, count) }, lane)
  }

  /** Number of reads that wait for a thread or have one. */
  get depth(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.depth, this.#queue.size)
  }

  /**
   * Runs the call on a free thread.
   * @throws StorageError `timeout` and others
   */
  request<C extends ReadCall>(registered: Registered, call: C): Promise<ResultOfCall<C>> {
    return new Promise((resolve, reject) => {
      this.#take({ registered, call, goesOn: false, resolve, reject })
    })
  }

  /** As {@link request}. `ask` sends more calls to the same thread, for what the thread holds after the first one. */
  begin<C extends ReadCall>(
    registered: Registered,
    call: C,
  ): Promise<{ value: ResultOfCall<C>; ask: AskReader }> {
    return new Promise((resolve, reject) => {
      this.#take({ registered, call, goesOn: true, resolve, reject })
    })
  }

  /** Waits for the workspace's reads, stops those that last, and closes its files. */
  async release(registered: Registered): Promise<void> {
    const { workspace } = registered
    const isRead = () => this.#queue.has(workspace) || this.#lanes.some((lane) => lane.has(workspace))
    const until = performance.now() + this.#limits.grace
    while (isRead()) {
      if (performance.now() > until) this.#failAll(workspace)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    await Promise.all(this.#lanes.map((lane) => lane.release(registered)))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const read of this.#queue.remove(() => true)) read.fail(closed())
    await Promise.all(this.#lanes.map((lane) => lane.close(closed())))
  }

  /** Sends the read, or puts it in the queue. */
  #take(params: Omit<ReadParams, 'since' | 'isPinned'>): void {
    if (this.#isClosed) return params.reject(closed())
    const read = this.#read(params, false)
    const lane = this.#queue.size === 0 ? this.#laneFor(read.workspace) : undefined
    if (lane !== undefined) return this.#send(read, lane, 0)
    this.#queue.add(read)
    this.#fill()
  }

  #read(
    { registered, call, goesOn, resolve, reject }: Omit<ReadParams, 'since' | 'isPinned'>,
    isPinned: boolean,
  ): PooledRead {
    this.#timer ??= setInterval(() => this.#look(), TICK)
    return new PooledRead({ registered, call, since: performance.now(), isPinned, goesOn, resolve, reject })
  }

  #pinnedTo(lane: Lane, registered: Registered): AskReader {
    const { thread } = lane
    return async <C extends ReadCall>(call: C) => {
      if (this.#isClosed) throw closed()
      if (lane.thread !== thread) throw new StorageError('unavailable', 'the storage worker has ended')
      return await new Promise<ResultOfCall<C>>((resolve, reject) => {
        lane.send(this.#read({ registered, call, goesOn: false, resolve, reject }, true), this.#tick)
      })
    }
  }

  #settled(): void {
    if (this.#queue.size > 0) this.#fill()
    if (this.#waiting.size === 0) return
    for (const goOn of this.#waiting) goOn()
    this.#waiting.clear()
  }

  /** Hands waiting calls to lanes that have room: one call of each workspace in turn. */
  #fill(): void {
    if (this.#isClosed) return
    for (;;) {
      const next = this.#queue.take((workspace) => this.#laneFor(workspace))
      if (next === undefined) return
      this.#send(next.read, next.place, performance.now() - next.read.since)
    }
  }

  #send(read: PooledRead, lane: Lane, waited: number): void {
    this.#observer.waited('reader', waited / 1000)
    lane.send(read, this.#tick)
  }

  /**
   * A lane that already has calls of the workspace is best, as its file is open and cached there, then the lane of
   * its number, then any other.
   */
  #laneFor(workspace: number): Lane | undefined {
    let held = this.#replaced.get(workspace) ?? 0
    for (const lane of this.#lanes) {
      if (!lane.has(workspace)) continue
      if (lane.hasRoom) return lane
      held += 1
    }
    if (held >= this.#lanes.length - 1) return undefined
    const isFree = (lane: Lane) => lane.hasRoom && !lane.has(workspace)
    const preferred = this.#lanes[workspace % this.#lanes.length]
    return preferred !== undefined && isFree(preferred) ? preferred : this.#lanes.find(isFree)
  }

  /** Looks for calls that last, and for those past their deadline. */
  #look(): void {
    this.#tick += 1
    for (const lane of this.#lanes) lane.poll()
    const now = performance.now()
    const since = now - this.#limits.timeout
    const late = this.#queue.remove((read) => read.since <= since)
    for (const read of [...late, ...this.#lanes.flatMap((lane) => lane.expired(since))]) this.#expire(read)
    for (const lane of this.#lanes) {
      lane.makeWay(this.#tick)
      lane.stopSettled(now)
      if (lane.isStuck(now - this.#limits.grace)) this.#replace(lane)
    }
    this.#settled()
    if (this.depth > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #expire(read: PooledRead): void {
    this.#observer.timedOut()
    read.fail(new ReadTimeoutError(this.#limits.timeout))
  }

  #failAll(workspace: number): void {
    const waiting = this.#queue.remove((read) => read.workspace === workspace)
    const running = this.#lanes.flatMap((lane) => lane.readsOf(workspace))
    for (const read of [...waiting, ...running])
      read.fail(new StorageError('closed', 'the workspace is closed'))
  }

  /** The workspace gets no other thread for this one until it has ended: its native code may go on for a while. */
  #replace(lane: Lane): void {
    const workspace = lane.holder
    this.#observer.replaced()
    const ended = lane.replace()
    if (workspace === undefined) return
    this.#replaced.set(workspace, (this.#replaced.get(workspace) ?? 0) + 1)
    void ended.then(() => {
      const left = (this.#replaced.get(workspace) ?? 1) - 1
      if (left > 0) this.#replaced.set(workspace, left)
      else this.#replaced.delete(workspace)
      this.#fill()
    })
  }
}

function closed(): StorageError {
  return new StorageError('closed', 'the storage is closed')
}
