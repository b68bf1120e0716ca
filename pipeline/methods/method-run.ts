import { asStatusError, StatusError } from '../../model/status.ts'
import type { TxApplyIf } from '../../model/transactions.ts'
import type { ServiceMethod } from '../modules/module.ts'
import { type ModuleOrigin, outsideModule, runInModule } from '../modules/run-in-module.ts'
import type { Caller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type CommitOptions, methodCallFor } from './method-call.ts'
import { isAsyncIterable, takeResult } from './method-result.ts'
import { MethodStream } from './method-stream.ts'
import type { PlaceQueue } from './place-queue.ts'

/** A call of a method. */
export interface MethodRequest {
  /** `module.method` */
  name: string
  method: ServiceMethod
  /** As the schema of the method returned them. */
  params: unknown
  caller: Caller
}

export interface MethodRunParts {
  workspace: Workspace
  handlers: Handlers
  places: PlaceQueue
}

/** One run of a method, which commits until it is over. */
export class MethodRun {
  readonly #parts: MethodRunParts
  readonly #request: MethodRequest
  /** The name of its commits, if the call has a key. */
  readonly #id: string | undefined
  readonly #controller = new AbortController()
  #commits = 0
  #first: Promise<boolean> | undefined
  #stopTimer: () => void = () => undefined
  #ended: () => void = () => undefined
  /** Resolves when the method has returned, and its stream is over. */
  readonly over = new Promise<void>((resolve) => (this.#ended = resolve))

  constructor(parts: MethodRunParts, request: MethodRequest, id?: string) {
    this.#parts = parts
    this.#request = request
    this.#id = id
  }

  get hasCommitted(): boolean {
    return this.#commits > 0
  }

  /** Aborts the signal of the method, which commits nothing any more. */
  abort(reason: StatusError): void {
    if (!this.#controller.signal.aborted) this.#controller.abort(reason)
  }

  /**
   * The result as JSON represents it, or the stream that the method returns.
   * @throws the error of the method; StatusError Timeout, Cancelled or InvalidResult
   */
  async start(): Promise<unknown> {
    const { name, method, params } = this.#request
    const late = this.#startTimer(method.timeout ?? this.#parts.workspace.modules.methodLimits.timeout)
    try {
      // It may have been cancelled while it waited.
      this.#controller.signal.throwIfAborted()
      const result = await Promise.race([this.#run(params), late])
      // Getters of a result are code of the module.
      if (!isAsyncIterable(result))
        return this.#end(runInModule(this.#origin, () => takeResult(name, result)))
      // The limit of all methods bounds the time to the beginning of a stream, that of a method the whole stream.
      if (method.timeout === undefined) this.#stopTimer()
      const { signal } = this.#controller
      return new MethodStream({
        method: name,
        iterable: inModule(this.#origin, result),
        signal,
        ended: () => this.#end(undefined),
      })
    } catch (error) {
      this.#end(undefined)
      throw asStatusError(error) ?? error
    }
  }

  async #run(params: unknown): Promise<unknown> {
    const { handlers, places, workspace } = this.#parts
    const { caller, method } = this.#request
    const { signal } = this.#controller
    const commit = async (make: (_id: string) => TxApplyIf, options: CommitOptions = {}) =>
      await this.#commit(make, options)
    const call = methodCallFor({
      name: this.#request.name,
      workspace,
      handlers,
      caller,
      places,
      signal,
      commit,
      key: this.#id,
    })
    // The params come from the schema of this method.
    return await runInModule(this.#origin, () => method.run(call, params as never))
  }

  get #origin(): ModuleOrigin {
    const { name, caller } = this.#request
    const [module = '', method = ''] = name.split(/[. ](.*)/)
    const kind = name.includes(' ') ? 'route' : 'method'
    return { module, kind, name: method, workspace: this.#parts.workspace.id, caller: caller.account }
  }

  /** Rejects when the method has run for so many milliseconds. */
  #startTimer(value: number): Promise<never> {
    const late = new Promise<never>((_resolve, reject) => {
      const timer = setTimeout(() => {
        const limit = 'milliseconds of a method'
        const error = new StatusError('platform:status:Timeout', { limit, value })
        this.abort(error)
        reject(error)
      }, value).unref()
      this.#stopTimer = () => clearTimeout(timer)
    })
    late.catch(() => undefined)
    return late
  }

  #end<T>(result: T): T {
    this.#stopTimer()
    this.#ended()
    // What is left of the method commits nothing after the response.
    this.abort(new StatusError('platform:status:Cancelled', { method: this.#request.name }))
    return result
  }

  /**
   * Commits under the name of the call, so that a later call with the same key knows of it. The first commit is done
   * before others begin: it is the one that is looked for.
   */
  async #commit(make: (_id: string) => TxApplyIf, options: CommitOptions): Promise<boolean> {
    const { generateId } = this.#parts.workspace
    if (this.#id === undefined) return await this.#send(make(generateId()), options)
    while (this.#commits === 0) {
      if (this.#first !== undefined) {
        await this.#first.catch(() => undefined)
        continue
      }
      this.#first = this.#send(make(`${this.#id}:0`), options)
      try {
        const isDone = await this.#first
        if (isDone) this.#commits = 1
        return isDone
      } finally {
        this.#first = undefined
      }
    }
    return await this.#send(make(`${this.#id}:${this.#commits++}`), options)
  }

  async #send(tx: TxApplyIf, { caller = this.#request.caller, terms }: CommitOptions): Promise<boolean> {
    this.#controller.signal.throwIfAborted()
    const result = await outsideModule(() => this.#parts.handlers.tx(caller, tx, terms))
    // The result of an apply-if.
    return (result as { success?: boolean }).success !== false
  }
}

/** Each step of the iterable runs as code of the module. */
function inModule(origin: ModuleOrigin, iterable: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const values = runInModule(origin, () => iterable[Symbol.asyncIterator]())
  const done = Promise.resolve({ done: true, value: undefined } as const)
  const iterator: AsyncIterator<unknown> = {
    next: () => runInModule(origin, () => values.next()),
    return: () => runInModule(origin, () => values.return?.() ?? done),
  }
  return { [Symbol.asyncIterator]: () => iterator }
}
