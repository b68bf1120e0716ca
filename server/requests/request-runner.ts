import { StatusError } from '../../model/status.ts'
import type { Request, RequestId } from '../../protocol/messages.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import type { Token } from '../auth/tokens.ts'
import { deflatedFrame, type Frame } from '../wire/frame.ts'
import { answerOf, encodeFrame } from '../wire/encode-response.ts'
import type { FrameSource } from '../wire/frame-streams.ts'
import { type Method, type MethodContext, methods as commonMethods } from '../methods/core-methods.ts'
import { serviceMethodOf } from '../methods/module-methods.ts'
import type { SentKind, SessionServices } from '../sessions/session-services.ts'
import type { Statistics } from './request-statistics.ts'
import { toStatus } from '../errors/map-error.ts'

/** What the runner needs to know of its session. */
interface Owner {
  readonly id: string
  readonly token: Token
  readonly binary: boolean
  /** Long answers are compressed. */
  readonly deflates: boolean
  readonly protocol: 1 | 2
  readonly statistics: Statistics
}

export interface RunnerEvents {
  /** The session need not be read while requests wait. */
  pause: () => void
  resume: () => void
  /** Nothing runs any more. */
  idle: () => void
  /** Methods beside the common ones. */
  method: (name: string) => Method | undefined
  send: (frame: Frame, kind: SentKind) => void
  sendAll: (source: FrameSource) => void
}

interface OpenState {
  pipeline: Pipeline
  caller: Caller
}

/** Runs one session's requests: started in order, a bounded number at once, each answered when it is done. */
export class RequestRunner {
  readonly #owner: Owner
  readonly #services: SessionServices
  readonly #events: RunnerEvents
  readonly #measures = new Map<string, number>()
  #waiting: { request: Request; state: OpenState }[] | undefined
  #running = 0
  #stopped = false

  constructor(owner: Owner, services: SessionServices, events: RunnerEvents) {
    this.#owner = owner
    this.#services = services
    this.#events = events
  }

  get running(): number {
    return this.#running
  }

  /** Starts the request, or has it wait for its turn; the socket is not read meanwhile. */
  start(request: Request, state: OpenState): void {
    if (this.#stopped) return
    if (this.#waiting === undefined && this.#running < this.#services.limits.concurrentRequests) {
      this.#run(request, state)
      return
    }
    this.#waiting ??= []
    if (this.#waiting.push({ request, state }) === 1) this.#events.pause()
  }

  fail(id: RequestId, error: unknown): void {
    this.#events.send(this.#failure(id, error), 'error')
  }

  #failure(id: RequestId, error: unknown): Frame {
    this.#services.metrics.failed()
    const status = toStatus(error, this.#services.logger)
    return encodeFrame({ id, error: status }, this.#owner.binary)
  }

  /** Starts nothing more. What runs is answered while the session lives. */
  stop(): void {
    this.#stopped = true
    // A socket that is not read would not end its closing handshake.
    if (this.#waiting !== undefined) this.#events.resume()
    this.#waiting = undefined
    this.#measures.clear()
  }

  #run(request: Request, state: OpenState): void {
    const method =
      commonMethods.get(request.method) ??
      this.#events.method(request.method) ??
      serviceMethodOf(state.pipeline.modules, request.method)
    if (method === undefined) {
      this.fail(request.id, new StatusError('platform:status:UnknownMethod', { method: request.method }))
      return
    }
    const started = this.#services.performanceNow()
    if (method.kind !== 'other') this.#owner.statistics.count(method.kind)
    let result
    try {
      result = method.run(this.#context(state), request.params)
    } catch (error) {
      this.fail(request.id, error)
      return
    }
    if (result instanceof Promise) void this.#await(request, started, result)
    else this.#answer(request, started, result)
  }

  /** Property by property: spreading costs a tenth of a ping. */
  #context({ pipeline, caller }: OpenState): MethodContext {
    const { token, protocol } = this.#owner
    const encoded = this.#services.limits.chunk()
    return { pipeline, caller, token, protocol, measures: this.#measures, encoded }
  }

  async #await(request: Request, started: number, result: Promise<unknown>): Promise<void> {
    this.#running += 1
    const done = this.#services.watch.started(this.#owner, request)
    try {
      this.#answer(request, started, await result)
    } catch (error) {
      this.fail(request.id, error)
    } finally {
      done()
      this.#running -= 1
      this.#next()
    }
  }

  #next(): void {
    while (this.#waiting !== undefined && this.#running < this.#services.limits.concurrentRequests) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      this.#run(next.request, next.state)
    }
    if (this.#waiting?.length === 0) {
      this.#waiting = undefined
      this.#events.resume()
    }
    if (this.#running === 0) this.#events.idle()
  }

  #answer(request: Request, started: number, result: unknown): void {
    const spent = this.#services.performanceNow() - started
    this.#services.metrics.answered(request.method, spent / 1000)
    if (this.#measures.size > 0) this.#measured(spent)
    const { binary, deflates } = this.#owner
    const failed = (error: unknown) => this.#failure(request.id, error)
    const answer = answerOf(request.id, result, { binary, limits: this.#services.limits.chunk(), failed })
    if (Buffer.isBuffer(answer)) this.#events.send(deflates ? deflatedFrame(answer) : answer, 'answer')
    else this.#stream(answer, deflates)
  }

  /** A long answer is under way until its last part is taken, so that one session has not too many of them. */
  #stream(source: FrameSource, deflates: boolean): void {
    this.#running += 1
    const counted = (frame: Frame | undefined): Frame | undefined => {
      if (frame === undefined) return undefined
      const sent = deflates ? deflatedFrame(frame) : frame
      this.#services.metrics.sent('answer', sent.length)
      return sent
    }
    this.#events.sendAll({
      next: () => {
        const next = source.next()
        return next instanceof Promise ? next.then(counted) : counted(next)
      },
      close: () => {
        source.close()
        this.#running -= 1
        // Not within the session's own closing, which would start what waits.
        queueMicrotask(() => this.#next())
      },
    })
  }

  #measured(spent: number): void {
    for (const [operation, sum] of this.#measures) this.#measures.set(operation, sum + spent)
  }
}
