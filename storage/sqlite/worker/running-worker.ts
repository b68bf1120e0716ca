import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { StorageError } from '../../contract.ts'
import { toError } from '../file/failure.ts'
import {
  type Attachment,
  type Call,
  isUpTo,
  type MethodName,
  type Reply,
  type Request,
  type ResultOf,
  shared,
  sharedLength,
  wallTime,
  type WorkerOptions,
} from './worker-protocol.ts'

/** Mebibytes of the heap of a thread. A thread that needs more ends, and is replaced. */
const HEAP_MB = 768

export interface ThreadOptions extends Omit<WorkerOptions, 'memory' | 'port'> {
  /** Called when a worker ends unexpectedly. */
  crashed: (error: Error) => void
  /** Called when a worker starts. */
  started?: ((worker: Worker) => void) | undefined
  /** Called for every call, with its seconds between here and its start in the worker. */
  waited?: ((seconds: number) => void) | undefined
}

/** An open workspace as its workers know it. The attachment is replaced, not changed. */
export interface Registered {
  readonly workspace: number
  attachment: Attachment
}

/**
 * Methods instead of function properties, so that a narrower parameter is allowed: the id matches each reply with its
 * call.
 */
export interface Pending {
  resolve(value: ResultOf<MethodName>): void
  reject(error: Error): void
  /** The worker did not run the call, because it was revoked. */
  revoked?(): void
}

const idsToCompare = 2 ** 28

/** One worker thread, from its start to its end. */
export class RunningWorker {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #memory = new Int32Array(new SharedArrayBuffer(4 * sharedLength))
  readonly #attached = new Map<number, Attachment>()
  readonly #pending = new Map<number, Pending>()
  /** Number of messages from the worker that were handled. */
  #taken = 0
  #outgoing: Request[] = []
  #lastId = 0
  #hasEnded = false
  readonly #waited: ((seconds: number) => void) | undefined

  /** `ended` is called when the thread has ended, with its cause; not after {@link end}. */
  constructor(options: ThreadOptions, ended: (cause: Error) => void) {
    const { role, maxOpenFiles, maxPages, maxLongReads } = options
    this.#waited = options.waited
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      name: `atrium storage ${role}`,
      workerData: {
        role,
        maxOpenFiles,
        maxPages,
        maxLongReads,
        memory: this.#memory,
        port: port2,
      } satisfies WorkerOptions,
      transferList: [port2],
    })
    let cause: Error | undefined
    this.#port.on('message', (replies: Reply[]) => this.#takeIn(replies))
    this.#worker.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error))
    })
    this.#worker.on('exit', (code) => {
      this.#drain()
      this.#port.close()
      if (!this.#hasEnded) ended(cause ?? new Error(`exit code ${code}`))
    })
    options.started?.(this.#worker)
  }

  /** Number of calls without a reply. */
  get depth(): number {
    return this.#pending.size
  }

  /**
   * Sends the call together with the others of this turn of the event loop. A commit, which combines many requests, is
   * sent at once.
   * @returns the id of the call
   */
  send(registered: Registered, call: Call, pending: Pending): number {
    this.#attach(registered, call)
    this.#lastId = (this.#lastId + 1) | 0 || 1
    if (this.#lastId % idsToCompare === 0) this.#allowComparison()
    this.#pending.set(this.#lastId, pending)
    const request = { id: this.#lastId, workspace: registered.workspace, call }
    this.#post(this.#waited === undefined ? request : { ...request, at: wallTime() })
    return this.#lastId
  }

  isAttached({ workspace }: Registered): boolean {
    return this.#attached.has(workspace)
  }

  /** Handles replies that have arrived, before the event loop does. */
  pollReplies(): void {
    if (Atomics.load(this.#memory, shared.replies) !== this.#taken) this.#drain()
  }

  /** Makes the call fail with `timeout` as soon as it reaches a checkpoint. */
  stop(id: number): void {
    Atomics.store(this.#memory, shared.stopped, id)
  }

  /**
   * Takes back the calls that have not begun.
   * @returns the call that runs, which may have ended. The worker reports a call that it did not begin although it is
   *   this one.
   */
  revoke(): number {
    Atomics.store(this.#memory, shared.revoked, this.#lastId)
    return Atomics.load(this.#memory, shared.running)
  }

  /** Forgets a call, whose reply is then ignored. */
  forget(id: number): void {
    this.#pending.delete(id)
  }

  /** Rejects all calls, and terminates the thread. Resolves at the end of the native code that it runs. */
  async end(error: StorageError): Promise<void> {
    this.#hasEnded = true
    this.rejectAll(error)
    await this.#worker.terminate()
  }

  rejectAll(error: StorageError): void {
    for (const waiting of this.#pending.values()) waiting.reject(error)
    this.#pending.clear()
  }

  /** Ids compare within half of their range, so the revoked one must not stay behind. It precedes all open calls. */
  #allowComparison(): void {
    const revoked = Atomics.load(this.#memory, shared.revoked)
    if (isUpTo(revoked, this.#lastId - idsToCompare))
      Atomics.store(this.#memory, shared.revoked, (this.#lastId - idsToCompare) | 0)
  }

  #attach({ workspace, attachment }: Registered, call: Call): void {
    if (call.method === 'release') this.#attached.delete(workspace)
    else if (this.#attached.get(workspace) !== attachment) {
      this.#attached.set(workspace, attachment)
      this.#post({ id: 0, workspace, call: { method: 'attach', attachment } })
    }
  }

  #post(request: Request): void {
    this.#outgoing.push(request)
    if (request.call.method === 'commit') this.#flush()
    else if (this.#outgoing.length === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return
    Atomics.add(this.#memory, shared.requests, 1)
    this.#port.postMessage(this.#outgoing)
    this.#outgoing = []
  }

  #drain(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return
      this.#takeIn(received.message)
    }
  }

  #takeIn(replies: Reply[]): void {
    this.#taken = (this.#taken + 1) | 0
    for (const reply of replies) this.#settle(reply)
  }

  #settle(reply: Reply): void {
    const waiting = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if (reply.waited !== undefined) this.#waited?.(reply.waited)
    if ('failure' in reply) waiting?.reject(toError(reply.failure))
    else if ('revoked' in reply) waiting?.revoked?.()
    else waiting?.resolve(reply.value)
  }
}
