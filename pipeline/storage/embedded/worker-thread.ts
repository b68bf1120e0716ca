import { Worker } from 'node:worker_threads'
import { StorageError } from '../contract.ts'
import type { Attachment, Call, Reply, Request, WorkerOptions } from './calls.ts'
import { toError } from './failure.ts'

export interface ThreadOptions extends Omit<WorkerOptions, 'sent'> {
  /** A worker has ended that wasn't told to. */
  crashed: (error: Error) => void
  /** A worker was started. */
  started?: ((worker: Worker) => void) | undefined
}

/** An open workspace as its workers have to know it. Replaced whole when it changes. */
export interface Registered {
  readonly workspace: number
  attachment: Attachment
}

interface Pending {
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

/** A worker that runs, with what it was told of. */
interface Running {
  worker: Worker
  sent: Int32Array
  attached: Map<number, Attachment>
  pending: Map<number, Pending>
  outgoing: Request[]
}

/** A worker started at the first request, and again after it has crashed. */
export class WorkerThread {
  readonly #options: ThreadOptions
  #running: Running | undefined
  #nextId = 1
  #closed = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  /** Sends the request with all others of this turn of the event loop. */
  request(registered: Registered, call: Call): Promise<unknown> {
    if (this.#closed) return Promise.reject(new StorageError('closed', 'the storage is closed'))
    const running = (this.#running ??= this.#start())
    this.#attach(running, registered, call)
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      running.pending.set(id, { resolve, reject })
      this.#send(running, { id, workspace: registered.workspace, call })
    })
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
    if (running.outgoing.length > 1) return
    setImmediate(() => {
      Atomics.add(running.sent, 0, 1)
      running.worker.postMessage(running.outgoing)
      running.outgoing = []
    })
  }

  #start(): Running {
    const { role, maxOpenFiles, maxPages, maxLongReads } = this.#options
    const sent = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: `atrium storage ${role}`,
      workerData: { role, maxOpenFiles, maxPages, maxLongReads, sent } satisfies WorkerOptions,
    })
    const running: Running = { worker, sent, attached: new Map(), pending: new Map(), outgoing: [] }
    let cause: Error | undefined
    worker.on('message', (replies: Reply[]) => {
      for (const reply of replies) settle(running, reply)
    })
    worker.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error))
    })
    worker.on('exit', (code) => {
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

function settle({ pending }: Running, reply: Reply): void {
  const waiting = pending.get(reply.id)
  pending.delete(reply.id)
  if ('failure' in reply) waiting?.reject(toError(reply.failure))
  else waiting?.resolve(reply.value)
}

function rejectAll({ pending }: Running, error: Error): void {
  for (const { reject } of pending.values()) reject(error)
  pending.clear()
}
