import { StatusError } from '../../model/status.ts'
import type { CallEnd, CallEnding } from './call-ending.ts'
import type { MethodRun } from './method-run.ts'

export interface KeyedCallOptions {
  method: string
  /** Of method and params. */
  digest: string
  /** Milliseconds that the run continues while no session waits for it. */
  orphanTime: number
}

/** A call with a key. Its client may lose the connection, come back, and wait for the same result again. */
export class KeyedCall {
  readonly digest: string
  readonly result: Promise<unknown>
  readonly #options: KeyedCallOptions
  #run: MethodRun | undefined
  #reason: StatusError | undefined
  #waiting = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: KeyedCallOptions, start: (call: KeyedCall) => Promise<unknown>) {
    this.#options = options
    this.digest = options.digest
    this.result = start(this).finally(() => this.#settled())
  }

  /** The run has begun. */
  runs(run: MethodRun): void {
    this.#run = run
    if (this.#reason !== undefined) run.abort(this.#reason)
  }

  /** A session waits for the result until its ending. */
  attach(ending: CallEnding): void {
    clearTimeout(this.#timer)
    this.#waiting += 1
    ending.onEnd((end) => {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#left(end)
    })
  }

  /** Its outcome is kept for long: what it took to get there is not. */
  #settled(): void {
    clearTimeout(this.#timer)
    this.#run = undefined
  }

  /** Nobody waits. */
  #left(end: CallEnd): void {
    const abort = () =>
      this.#abort(new StatusError('platform:status:Cancelled', { method: this.#options.method }))
    if (end === 'cancelled') abort()
    else this.#timer = setTimeout(abort, this.#options.orphanTime).unref()
  }

  #abort(reason: StatusError): void {
    this.#reason = reason
    this.#run?.abort(reason)
  }
}
