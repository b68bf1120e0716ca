import { createHash } from 'node:crypto'
import { systemClock } from '../../model/clock.ts'
import { canonicalJson } from '../../model/hash-chain.ts'
import { asStatusError, StatusError } from '../../model/status.ts'
import type { CallResult } from '../modules/module-state.ts'
import type { Caller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CallEnding } from './call-ending.ts'
import { CallOutcomes } from './call-outcomes.ts'
import { KeyedCall } from './keyed-call.ts'
import { KeyedCalls } from './keyed-calls.ts'
import { MethodRun, type MethodRequest, type MethodRunParts } from './method-run.ts'
import { MethodStream } from './method-stream.ts'
import { PlaceQueue } from './place-queue.ts'

/** A call as its client sent it. */
export interface MethodCallRequest extends MethodRequest {
  /** As they were sent, for the identity of a call with a key. */
  rawParams: readonly unknown[]
  /** The idempotency key. */
  key?: string | undefined
  /** When and to which opening of the workspace it was first sent, if it was sent before. */
  again?: { instance: string; age: number } | undefined
  /** The client expects a stream. */
  isStream?: boolean
  ending: CallEnding
}

/** The calls of the methods of modules in one workspace. */
export class MethodCalls {
  /** Names this opening of the workspace. */
  readonly instance: string
  readonly #workspace: Workspace
  readonly #parts: MethodRunParts
  readonly #outcomes: CallOutcomes
  readonly #keyed: KeyedCalls
  readonly #running = new Set<MethodRun>()

  constructor(workspace: Workspace, handlers: Handlers) {
    this.#workspace = workspace
    this.#parts = { workspace, handlers, places: new PlaceQueue() }
    this.#outcomes = new CallOutcomes(workspace)
    this.#keyed = new KeyedCalls(workspace.modules.methodLimits, systemClock.monotonic)
    this.instance = workspace.generateId()
  }

  /**
   * The result of a method, or its stream. A call with a key runs once: sent again it has the same outcome.
   * @throws the error of the method; StatusError Timeout, Cancelled, InvalidResult; OutcomeUnknown if it may have run
   *   before; BadRequest if the key belongs to another call, or the client expects a stream and gets none
   */
  async call(request: MethodCallRequest): Promise<unknown> {
    const { key, method, name, ending } = request
    const [module = ''] = name.split(/[. ]/, 1)
    if (!this.#workspace.settings.isOn(module))
      throw new StatusError('platform:status:UnknownMethod', { method: name })
    if (key !== undefined && method.idempotent !== true) return await this.#callOnce(key, request)
    const run = new MethodRun(this.#parts, request)
    ending.onEnd(() => run.abort(new StatusError('platform:status:Cancelled', { method: name })))
    return await this.#resultOf(run, request)
  }

  /** Forgets outcomes that are in memory. */
  dropCaches(): void {
    this.#keyed.clear()
  }

  /** Aborts what runs, and resolves when all outcomes are stored. */
  async stop(): Promise<void> {
    const reason = new StatusError('platform:status:Unavailable', { message: 'the workspace closes' })
    for (const run of this.#running) run.abort(reason)
    await this.#outcomes.idle()
  }

  async #callOnce(key: string, request: MethodCallRequest): Promise<unknown> {
    const { caller, ending, name } = request
    const id = callId(caller, key)
    const digest = digestOf(request)
    let call = this.#keyed.find(id)
    if (call === undefined) {
      const { orphanTime } = this.#workspace.modules.methodLimits
      call = new KeyedCall({ method: name, digest, orphanTime }, (own) => this.#runOnce(id, own, request))
      this.#keyed.add(id, call)
    }
    if (call.digest !== digest) throw otherCall()
    call.attach(ending)
    return await call.result
  }

  async #runOnce(id: string, call: KeyedCall, request: MethodCallRequest): Promise<unknown> {
    // Begins after the call is known, so that a second one waits for this one.
    const known = await this.#outcomeOf(id, request)
    if (known !== undefined) return settled(known)
    const run = new MethodRun(this.#parts, request, id)
    call.runs(run)
    const fields = { method: request.name, call: digestOf(request) }
    try {
      const result = await this.#resultOf(run, request)
      if (run.hasCommitted) this.#outcomes.store(id, fields, { result })
      return result
    } catch (error) {
      const { status } = asStatusError(error) ?? new StatusError('platform:status:InternalServerError')
      if (run.hasCommitted) this.#outcomes.store(id, fields, { error: status })
      throw error
    }
  }

  /**
   * The outcome of an earlier run; `undefined` if there was none.
   * @throws StatusError OutcomeUnknown if there may have been one
   */
  async #outcomeOf(id: string, request: MethodCallRequest): Promise<CallResult | undefined> {
    try {
      const { isCommitted, outcome } = await this.#outcomes.find(id)
      if (outcome !== undefined && outcome.call !== digestOf(request)) throw otherCall()
      if (outcome?.result !== undefined) return outcome.result
      if (isCommitted || this.#mayHaveRun(request)) {
        const known = { method: request.name, committed: isCommitted }
        throw new StatusError('platform:status:OutcomeUnknown', known)
      }
      return undefined
    } catch (error) {
      this.#keyed.remove(id)
      throw error
    }
  }

  #mayHaveRun({ again }: MethodCallRequest): boolean {
    if (again === undefined) return false
    return again.instance !== this.instance || this.#keyed.mayHaveForgotten(again.age)
  }

  async #resultOf(run: MethodRun, { isStream = false, name }: MethodCallRequest): Promise<unknown> {
    this.#running.add(run)
    try {
      const result = await run.start()
      if (result instanceof MethodStream === isStream) return result
      if (result instanceof MethodStream) result.close()
      const message = `${name} ${isStream ? 'does not stream' : 'streams: protocol 2 has calls for that'}`
      throw new StatusError('platform:status:BadRequest', { message })
    } finally {
      void run.over.then(() => this.#running.delete(run))
    }
  }
}

function settled(outcome: CallResult): unknown {
  if ('result' in outcome) return outcome.result
  const { code, params } = outcome.error
  throw new StatusError(code, params)
}

/** The name of the commits of a call. The key belongs to the account. */
function callId({ account, email }: Caller, key: string): string {
  return `call:${digest(canonicalJson([account, email, key]))}`
}

function digestOf({ name, rawParams }: MethodCallRequest): string {
  return digest(canonicalJson([name, rawParams]))
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function otherCall(): StatusError {
  return new StatusError('platform:status:BadRequest', { message: 'the key belongs to another call' })
}
