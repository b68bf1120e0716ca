import type { Response } from '../../protocol/messages.ts'
import { generateId } from '../../model/generate-id.ts'
import { type Connection, ConnectionClosedError } from './connection.ts'
import type { RequestOptions } from './request-options.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import { ClientError } from '../runtime/errors.ts'
import { Deadline } from '../runtime/deadline.ts'
import { callSafely, type Report } from '../runtime/report.ts'
import {
  errorOf,
  errorOfResponse,
  fieldsOf,
  isOfModule,
  type Outstanding,
  reads,
  type StreamReceiver,
  streamLost,
} from './outstanding.ts'
import { Rest, retryAfterOf } from './rest.ts'
import { tooLarge } from './request-encoder.ts'
import { reportUploadProgress } from './upload-progress.ts'

/** A request that, with its response, took a megabyte or more. */
export interface LargeMessage {
  method: string
  sentBytes: number
  receivedBytes: number
  /** From the request to the end of the response. */
  milliseconds: number
}

/** Bytes from which on a message is reported. */
const LARGE = 1024 * 1024
export interface RequestsOptions {
  clock: Clock
  /** Requests that may wait. */
  limit: number
  changed: () => void
  /** All requests that had waited for the connection are settled. */
  caughtUp: () => void
  large: (message: LargeMessage) => void
  report: Report
}

/**
 * Requests without a response, in order. They outlive the connection they were sent on: each is sent again on the next
 * one, until the server responds or the call ends.
 */
export class Requests {
  readonly #options: RequestsOptions
  readonly #outstanding = new Set<Outstanding>()
  /** Those that waited when the connection became ready. */
  #backlog = new Set<Outstanding>()
  #connection: Connection | undefined
  #isPaused = false
  readonly #rest: Rest
  /** The server has refused requests by their rate, and the client has not gone on. */
  #isHeld = false

  constructor(options: RequestsOptions) {
    this.#options = options
    this.#rest = new Rest(options.clock, () => this.#goOn())
  }

  get size(): number {
    return this.#outstanding.size
  }

  /** Milliseconds since the epoch. */
  get oldest(): number | undefined {
    for (const { since } of this.#outstanding) return since
    return undefined
  }

  /** A response may be long. */
  get isReading(): boolean {
    return [...this.#outstanding].some(({ method }) => reads.has(method))
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /**
   * @param deadline of the call that this request is a step of; left out, the request has its own, by `options`
   * @param stream receives the values before the response; such a request is not sent again
   */
  add(
    method: string,
    params: readonly unknown[],
    options: RequestOptions = {},
    deadline?: Deadline,
    stream?: StreamReceiver,
  ): Promise<Response> {
    const { clock, limit, changed } = this.#options
    if (this.#outstanding.size >= limit)
      return Promise.reject(new ClientError('overloaded', `${limit} requests wait for their responses`))
    return new Promise((resolve, reject) => {
      const ends = deadline ?? new Deadline(clock, options, method)
      let release: Cancel = () => undefined
      const settle = <T>(how: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          if (!this.#outstanding.delete(request)) return
          release()
          how(value)
          changed()
          if (this.#backlog.delete(request)) this.#checkBacklog()
          this.#goOn()
        }
      }
      const request: Outstanding = {
        method,
        params,
        since: clock.now(),
        options,
        key: isOfModule(method) && stream === undefined ? generateId() : undefined,
        stream,
        sentBytes: 0,
        receivedBytes: 0,
        sentOn: undefined,
        id: 0,
        first: undefined,
        isDoubtful: false,
        resolve: settle(resolve),
        reject: settle(reject),
      }
      this.#outstanding.add(request)
      const cancel = ends.onExpired((reason) => {
        this.#cancel(request)
        request.reject(errorOf(request, reason))
      })
      release = () => {
        cancel()
        if (deadline === undefined) ends.release()
      }
      // The deadline may have expired before.
      if (!this.#outstanding.has(request)) return
      changed()
      if (this.#sendsTo !== undefined) this.#send(request, this.#sendsTo)
    })
  }

  /** The connection is ready: sends the requests without a response, and those to come. */
  use(connection: Connection): void {
    this.#connection = connection
    if (this.#isHeld) this.#goOn()
    else this.#sendWaiting()
  }

  /** The connection was lost: requests wait for the next one. */
  hold(): void {
    this.#connection = undefined
    for (const { method, reject, sentOn, stream } of this.#outstanding)
      if (stream !== undefined && sentOn !== undefined) reject(streamLost(method))
  }

  /** Requests wait until `resume`. @returns `false` when it is paused already */
  pause(): boolean {
    if (this.#isPaused) return false
    this.#isPaused = true
    return true
  }

  /** @returns `false` when it is not paused */
  resume(): boolean {
    if (!this.#isPaused) return false
    this.#isPaused = false
    this.#sendWaiting()
    return true
  }

  rejectAll(reason: ClientError): void {
    this.#rest.end()
    this.#isHeld = false
    for (const request of this.#outstanding) request.reject(errorOf(request, reason))
  }

  /** Something on the way refused a message of this connection by its size: the largest without a response is the one. */
  refuseLargest(connection: Connection): void {
    let largest: Outstanding | undefined
    for (const request of this.#outstanding)
      if (request.sentOn === connection && request.sentBytes > (largest?.sentBytes ?? 0)) largest = request
    largest?.reject(tooLarge(largest.sentBytes))
  }

  get #sendsTo(): Connection | undefined {
    return this.#isPaused || this.#isHeld ? undefined : this.#connection
  }

  /**
   * Sends again what was refused, when the time is over and every change that was sent has its response: changes stay in
   * order. `#rested` tells the server that what follows was sent in the knowledge of all refusals.
   */
  #goOn(): void {
    const connection = this.#connection
    if (!this.#isHeld || this.#rest.isOn || connection === undefined) return
    for (const { method, sentOn } of this.#outstanding) if (method === 'tx' && sentOn === connection) return
    this.#isHeld = false
    connection.send('#rested')
    this.#sendWaiting()
  }

  #sendWaiting(): void {
    if (this.#sendsTo !== undefined) this.#sendAll(this.#sendsTo)
  }

  #sendAll(connection: Connection): void {
    this.#backlog = new Set(this.#outstanding)
    this.#checkBacklog()
    for (const request of this.#outstanding)
      if (request.sentOn !== connection) this.#send(request, connection)
  }

  #checkBacklog(): void {
    if (this.#backlog.size === 0 && this.#sendsTo !== undefined) this.#options.caughtUp()
  }

  /** Tells the server that nobody waits for the result any more. */
  #cancel({ id, method, sentOn }: Outstanding): void {
    if (sentOn === undefined || sentOn !== this.#connection || !isOfModule(method)) return
    if (sentOn.has('cancel')) sentOn.send('#cancel', [id])
  }

  #send(request: Outstanding, connection: Connection): void {
    request.isDoubtful ||= request.sentOn !== undefined
    request.sentOn = connection
    request.receivedBytes = 0
    const { clock, report } = this.#options
    const { method, params, options, stream } = request
    const [before, since] = [connection.sentBytes, clock.monotonic()]
    const observer = {
      progress: options.onProgress,
      received: (bytes: number) => (request.receivedBytes += bytes),
      value: stream?.value,
      started: (id: number) => (request.id = id),
    }
    const response = connection.exchange(method, params, observer, fieldsOf(request, since))
    request.first ??= { at: since, instance: connection.instance }
    stream?.started((values) => {
      if (request.sentOn === this.#connection) connection.send('#more', [request.id, values])
    })
    request.sentBytes = connection.sentBytes - before
    const { onUploadProgress: listener } = options
    if (listener !== undefined && request.sentBytes > 0)
      reportUploadProgress(connection, clock, request.sentBytes, (...sent) =>
        callSafely(report, () => listener(...sent)),
      )
    const respond = (received: Response) => {
      this.#reportLarge(request, clock.monotonic() - since)
      request.resolve(received)
    }
    response.then(respond, (error: unknown) => {
      // It is sent again on the next connection.
      const isGone = error instanceof ConnectionClosedError || connection.isGone
      if (request.sentOn !== connection || isGone) return
      const wait = retryAfterOf(error)
      if (wait === undefined) return request.reject(errorOfResponse(request, error))
      // It had no effect. It is sent again, before those that came later.
      request.sentOn = undefined
      if (!request.isDoubtful) request.first = undefined
      this.#isHeld = true
      this.#rest.atLeast(wait)
    })
  }

  #reportLarge({ method, sentBytes, receivedBytes }: Outstanding, milliseconds: number): void {
    if (sentBytes + receivedBytes < LARGE) return
    this.#options.large({ method, sentBytes, receivedBytes, milliseconds })
  }
}
