import { StorageError } from '../../contract.ts'
import { type Registered, RunningWorker, type ThreadOptions } from './running-worker.ts'
import type { Call, ResultOfCall } from './worker-protocol.ts'

/** A worker thread that starts with the first request, and again after a crash. */
export class WorkerThread {
  readonly #options: ThreadOptions
  #running: RunningWorker | undefined
  #closed = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  /** Number of requests without a reply. */
  get depth(): number {
    return this.#running?.depth ?? 0
  }

  /** @throws StorageError */
  request<C extends Call>(registered: Registered, call: C): Promise<ResultOfCall<C>> {
    if (this.#closed) return Promise.reject(new StorageError('closed', 'the storage is closed'))
    const running = (this.#running ??= this.#start())
    return new Promise((resolve, reject) => {
      running.send(registered, call, { resolve, reject })
    })
  }

  /** Handles replies that have arrived, before the event loop does. */
  pollReplies(): void {
    this.#running?.pollReplies()
  }

  async close(): Promise<void> {
    this.#closed = true
    const running = this.#running
    this.#running = undefined
    await running?.end(new StorageError('closed', 'the storage is closed'))
  }

  #start(): RunningWorker {
    const running = new RunningWorker(this.#options, (cause) => {
      this.#running = undefined
      running.rejectAll(new StorageError('unavailable', 'the storage worker has ended', { cause }))
      this.#options.crashed(cause)
    })
    return running
  }
}
