import { Worker } from 'node:worker_threads'
import { messageOf } from '../../../model/error-details.ts'
import { StatusError } from '../../../model/status.ts'
import type { Tx } from '../../../model/transactions.ts'
import { isAsyncIterable } from '../../../pipeline/methods/method-result.ts'
import type { Logger } from '../../../pipeline/shared/logger.ts'
import { type Channel, Link, ROOT } from './link.ts'
import type { ThreadData, ThreadRun } from './thread-entry.ts'

export interface ModuleThreadOptions {
  module: string
  /** The address of the module. */
  url: string
  /** The models of all modules. */
  models: readonly (readonly Tx[])[]
  /** Mebibytes of its heap. */
  memory: number
  /** Milliseconds for which it may not respond while it has a run. */
  stall: number
  now: () => number
  logger: Logger
}

/** Looks at the thread so often in the time that it may not respond. */
const LOOKS = 6
/** Milliseconds in which a thread has to import its module. */
const START = 30_000
/** A thread that ended so often within this time is not started again for a while. */
const ENDS = 3
const WITHIN = 60_000
/** Milliseconds of the first pause; they double with each further end. */
const PAUSE = { first: 1000, longest: 60_000 } as const
/** The scope of what belongs to no run. */
const NO_RUN = 0

interface Running {
  worker: Worker
  link: Link
  /** Looks since the thread responded. */
  missed: number
  /** It has imported its module. */
  isReady: boolean
  /** Why it ends. */
  cause: unknown
}

/**
 * The thread in which asynchronous triggers, jobs and methods of one module run. If it does not respond, or needs more
 * memory than it may, it ends: its runs fail, and the next run starts another one.
 */
export class ModuleThread {
  readonly #options: ModuleThreadOptions
  #running: Running | undefined
  #runs = 0
  #lastScope = NO_RUN
  #watch: NodeJS.Timeout | undefined
  /** When threads ended by themselves, the last ones. */
  #ends: number[] = []
  #pausedUntil = 0
  #isStopped = false

  constructor(options: ModuleThreadOptions) {
    this.#options = options
  }

  /** @throws the error of the run; Error if the thread ends; StatusError Unavailable if it ended too often */
  async run(what: ThreadRun, context: object, input: unknown): Promise<unknown> {
    const running = this.#start()
    const scope = ++this.#lastScope
    this.#begin()
    let isStream = false
    const done = (): void => {
      this.#end()
      if (this.#running === running) running.link.end(scope)
    }
    try {
      const result = await running.link.call(scope, ROOT, [what, context, input])
      isStream = isAsyncIterable(result)
      return isStream ? streamed(result as AsyncIterable<unknown>, done) : result
    } finally {
      if (!isStream) done()
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#watch)
    await this.#running?.worker.terminate()
  }

  #start(): Running {
    if (this.#running !== undefined) return this.#running
    const { module, url, models, memory, now } = this.#options
    const pause = this.#pausedUntil - now()
    if (this.#isStopped || pause > 0)
      throw new StatusError('platform:status:Unavailable', {
        message: `the thread of ${module} ended too often`,
      })
    const worker = new Worker(new URL('./thread-entry.js', import.meta.url), {
      name: `atrium module ${module}`,
      resourceLimits: { maxOldGenerationSizeMb: memory },
      workerData: { url, models } satisfies ThreadData,
    })
    worker.unref()
    const heard = (_scope: number, ...line: unknown[]): void => {
      running.isReady = true
      running.missed = 0
      this.#log(line)
    }
    const link = new Link(worker as Channel, heard, { generateId: () => '', hierarchy: () => undefined })
    const running: Running = { worker, link, missed: 0, isReady: false, cause: undefined }
    worker.on('error', (error: unknown) => (running.cause = error))
    worker.on('exit', (code) => {
      running.cause ??= this.#isStopped ? undefined : new Error(`it exited with ${code}`)
      this.#hasEnded(running)
    })
    return (this.#running = running)
  }

  #begin(): void {
    this.#runs += 1
    this.#watch ??= setInterval(() => this.#look(), this.#options.stall / LOOKS).unref()
  }

  #end(): void {
    this.#runs -= 1
    if (this.#runs > 0) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  /** Counts looks and not time: while this thread is busy itself, it gets no responses. */
  #look(): void {
    const running = this.#running
    if (running === undefined) return
    running.missed += 1
    const { stall } = this.#options
    const limit = running.isReady ? stall : Math.max(stall, START)
    if (running.missed * (stall / LOOKS) > limit) {
      running.cause = new Error(`it did not respond for ${limit} ms`)
      void running.worker.terminate()
      return
    }
    const seen = (): void => void (running.missed = 0)
    void running.link.call(NO_RUN, ROOT, []).then(seen, () => undefined)
  }

  #hasEnded(running: Running): void {
    if (this.#running === running) this.#running = undefined
    const { module, logger, now } = this.#options
    const reason = running.cause === undefined ? 'the server stops' : messageOf(running.cause)
    running.link.close(new Error(`the thread of ${module} ended: ${reason}`))
    if (this.#isStopped) return
    this.#ends = [...this.#ends.filter((at) => at > now() - WITHIN), now()]
    const further = this.#ends.length - ENDS
    const pause = further < 0 ? 0 : Math.min(PAUSE.longest, PAUSE.first * 2 ** further)
    this.#pausedUntil = now() + pause
    logger.error({ module, pause, err: running.cause }, 'the thread of a module ended, and its runs failed')
  }

  #log([level, fields, message]: unknown[]): void {
    const { logger } = this.#options
    if (level === 'info' || level === 'warn' || level === 'error')
      logger[level](fields as object, String(message))
  }
}

/** The values of a stream. The run ends with it. */
async function* streamed(values: AsyncIterable<unknown>, done: () => void): AsyncIterable<unknown> {
  try {
    yield* values
  } finally {
    done()
  }
}
