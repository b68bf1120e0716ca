import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { StorageError } from '../../contract.ts'
import type {
  Attachment,
  Call,
  MethodName,
  Reply,
  Request,
  ResultOf,
  ResultOfCall,
  WorkerOptions,
} from './worker-protocol.ts'
import { toError } from '../file/failure.ts'

export interface ThreadOptions extends Omit<WorkerOptions, 'sent' | 'port'> {
  /** Called when a worker ends unexpectedly. */
  crashed: (error: Error) => void
  /** Called when a worker starts. */
  started?: ((worker: Worker) => void) | undefined
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
interface Pending {
  resolve(value: ResultOf<MethodName>): void
  reject(error: Error): void
}

/** A running worker and its state. */
interface Running {
  worker: Worker
  port: MessagePort
  /** Number of messages sent to the worker and by it. */
  sent: Int32Array
  /** Number of messages from the worker that were handled. */
  taken: number
  attached: Map<number, Attachment>
  pending: Map<number, Pending>
  outgoing: Request[]
}

/** A worker thread that starts with the first request, and again after a crash. */
export class WorkerThread {
  readonly #options: ThreadOptions
  #running: Running | undefined
  #nextId = 1
  #closed = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  /**
   * Sends the request together with the others of this turn of the event loop. A commit, which combines many
   * requests, is sent at once.
   */
  request<C extends Call>(registered: Registered, call: C): Promise<ResultOfCall<C>> {
    if (this.#closed) return Promise.reject(new StorageError('closed', 'the storage is closed'))
    const running = (this.#running ??= this.#start())
    this.#attach(running, registered, call)
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      running.pending.set(id, { resolve, reject })
      this.#send(running, { id, workspace: registered.workspace, call })
    })
  }

  /** Handles replies that have arrived, before the event loop does. */
  pollReplies(): void {
    const running = this.#running
    if (running !== undefined && Atomics.load(running.sent, 1) !== running.taken) drain(running)
  }

  async close(): Promise<void> {
    this.#closed = true
    const running = this.#running
    this.#running = undefined
    if (running === undefined) return
    rejectAll(running, new StorageError('closed', 'the storage is closed'))
    await running.worker.terminate()
  }

  #attach(running: Running, { workspace, attachment }: Registered, call: Call): void {
    if (call.method === 'release') running.attached.delete(workspace)
    else if (running.attached.get(workspace) !== attachment) {
      running.attached.set(workspace, attachment)
      this.#send(running, { id: 0, workspace, call: { method: 'attach', attachment } })
    }
  }

  #send(running: Running, request: Request): void {
    running.outgoing.push(request)
    if (request.call.method === 'commit') post(running)
    else if (running.outgoing.length === 1) setImmediate(post, running)
  }

  #start(): Running {
    const { role, maxOpenFiles, maxPages, maxLongReads } = this.#options
    const sent = new Int32Array(new SharedArrayBuffer(8))
    const { port1: port, port2 } = new MessageChannel()
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: `atrium storage ${role}`,
      workerData: { role, maxOpenFiles, maxPages, maxLongReads, sent, port: port2 } satisfies WorkerOptions,
      transferList: [port2],
    })
    const running: Running = {
      worker,
      port,
      sent,
      taken: 0,
      attached: new Map(),
      pending: new Map(),
      outgoing: [],
    }
    let cause: Error | undefined
    port.on('message', (replies: Reply[]) => {
      takeIn(running, replies)
    })
    worker.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error))
    })
    worker.on('exit', (code) => {
      drain(running)
      port.close()
      this.#ended(running, cause ?? new Error(`exit code ${code}`))
    })
    this.#options.started?.(worker)
    return running
  }

  #ended(running: Running, cause: Error): void {
    if (this.#running !== running) return
    this.#running = undefined
    rejectAll(running, new StorageError('unavailable', 'the storage worker has ended', { cause }))
    this.#options.crashed(cause)
  }
}

function post(running: Running): void {
  if (running.outgoing.length === 0) return
  Atomics.add(running.sent, 0, 1)
  running.port.postMessage(running.outgoing)
  running.outgoing = []
}

function drain(running: Running): void {
  for (;;) {
    const received = receiveMessageOnPort(running.port)
    if (received === undefined) return
    takeIn(running, received.message)
  }
}

function takeIn(running: Running, replies: Reply[]): void {
  running.taken = (running.taken + 1) | 0
  for (const reply of replies) settle(running, reply)
}

function settle({ pending }: Running, reply: Reply): void {
  const waiting = pending.get(reply.id)
  pending.delete(reply.id)
  if ('failure' in reply) waiting?.reject(toError(reply.failure))
  else waiting?.resolve(reply.value)
}

function rejectAll({ pending }: Running, error: Error): void {
  for (const waiting of pending.values()) waiting.reject(error)
  pending.clear()
}
