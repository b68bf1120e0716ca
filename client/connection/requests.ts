import type { Response } from '../../protocol/messages.ts'
import { type Connection, ConnectionClosedError, tooLarge } from './connection.ts'
import type { ProgressListener } from './connection-options.ts'
import type { Cancel, Clock } from '../runtime/environment.ts'
import { ClientError } from '../runtime/errors.ts'
import { Deadline, type WaitOptions } from '../runtime/deadline.ts'
import { callSafely, type Report } from '../runtime/report.ts'
import { reportUploadProgress } from './upload-progress.ts'

/**
 * What a call may say of how it is made. Given up before it was sent, it is not sent any more; given up after that, what
 * it changes may have taken effect (`uncertain`).
 */
export interface RequestOptions extends WaitOptions {
  /** Documents received so far of a long answer. */
  onProgress?: ProgressListener
  /** Bytes of the request that are on their way, of so many. */
  onUploadProgress?: (sent: number, total: number) => void
}

/** A request or an answer so long that it is worth telling. */
export interface LargeMessage {
  method: string
  sentBytes: number
  receivedBytes: number
  /** From the request to the whole answer. */
  milliseconds: number
}

/** Bytes from which on a message is reported. */
const LARGE = 1024 * 1024
/** Methods whose answer may be long. */
const reads: ReadonlySet<string> = new Set(['findAll', 'loadModel', 'query', 'searchFulltext'])
/** Those that change nothing on the server either. */
const harmless: ReadonlySet<string> = new Set(['getAccount', 'measure', 'measure-done', 'ping'])

interface Outstanding {
  method: string
  params: readonly unknown[]
  /** Milliseconds since the epoch. */
  since: number
  options: RequestOptions
  sentBytes: number
  receivedBytes: number
  /** The last connection that took it. */
  sentOn: Connection | undefined
  resolve: (response: Response) => void
  reject: (error: unknown) => void
}

export interface RequestsOptions {
  clock: Clock
  /** Requests that may wait. */
  limit: number
  changed: () => void
  /** What had waited for a connection is answered. */
  caughtUp: () => void
  large: (message: LargeMessage) => void
  report: Report
}

/**
 * Requests without an answer, in order. They outlive the connection they were sent on: each is sent again on the next
 * one, until it is answered or given up.
 */
export class Requests {
  readonly #options: RequestsOptions
  readonly #outstanding = new Set<Outstanding>()
  /** Those that waited when the connection came. */
  #behind = new Set<Outstanding>()
  #connection: Connection | undefined

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#outstanding.size
  }

  /** Milliseconds since the epoch. */
  get oldest(): number | undefined {
    for (const { since } of this.#outstanding) return since
    return undefined
  }

  /** Something is to be read, whose answer may be long. */
  get isReading(): boolean {
    return [...this.#outstanding].some(({ method }) => reads.has(method))
  }

  /** @param patience of the call that this is a step of, where it is one */
  add(
    method: string,
    params: readonly unknown[],
    options: RequestOptions = {},
    patience?: Deadline,
  ): Promise<Response> {
    const { clock, limit, changed } = this.#options
    if (this.#outstanding.size >= limit)
      return Promise.reject(new ClientError('overloaded', `${limit} requests wait for their answers`))
    return new Promise((resolve, reject) => {
      const waits = patience ?? new Deadline(clock, options, method)
      let release: Cancel = () => undefined
      const settle = <T>(how: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          if (!this.#outstanding.delete(request)) return
          release()
          how(value)
          changed()
          if (this.#behind.delete(request)) this.#settleBehind()
        }
      }
      const request: Outstanding = {
        method,
        params,
        since: clock.now(),
        options,
        sentBytes: 0,
        receivedBytes: 0,
        sentOn: undefined,
        resolve: settle(resolve),
        reject: settle(reject),
      }
      this.#outstanding.add(request)
      const cancel = waits.onOver((reason) => request.reject(givenUp(request, reason)))
      release = () => {
        cancel()
        if (patience === undefined) waits.release()
      }
      // Its time may have been over before.
      if (!this.#outstanding.has(request)) return
      changed()
      if (this.#connection !== undefined) this.#send(request, this.#connection)
    })
  }

  /** Sends what has no answer yet, and from now on whatever comes. */
  use(connection: Connection): void {
    this.#connection = connection
    this.#behind = new Set(this.#outstanding)
    this.#settleBehind()
    for (const request of this.#outstanding)
      if (request.sentOn !== connection) this.#send(request, connection)
  }

  /** Nothing is sent until there is another connection to use. */
  hold(): void {
    this.#connection = undefined
  }

  rejectAll(reason: ClientError): void {
    for (const request of this.#outstanding) request.reject(givenUp(request, reason))
  }

  /** A message of this connection was larger than the server takes: of those without an answer, the largest. */
  refuseLargest(connection: Connection): void {
    let largest: Outstanding | undefined
    for (const request of this.#outstanding)
      if (request.sentOn === connection && request.sentBytes > (largest?.sentBytes ?? 0)) largest = request
    largest?.reject(tooLarge(largest.sentBytes))
  }

  #settleBehind(): void {
    if (this.#behind.size === 0 && this.#connection !== undefined) this.#options.caughtUp()
  }

  #send(request: Outstanding, connection: Connection): void {
    request.sentOn = connection
    request.receivedBytes = 0
    const { clock, report } = this.#options
    const { method, params, options } = request
    const [before, since] = [connection.sentBytes, clock.monotonic()]
    const answer = connection.exchange(method, params, {
      progress: options.onProgress,
      received: (bytes) => (request.receivedBytes += bytes),
    })
    request.sentBytes = connection.sentBytes - before
    const { onUploadProgress: tell } = options
    if (tell !== undefined && request.sentBytes > 0)
      reportUploadProgress(connection, clock, request.sentBytes, (...sent) =>
        callSafely(report, () => tell(...sent)),
      )
    const answered = (response: Response) => {
      this.#tellLarge(request, clock.monotonic() - since)
      request.resolve(response)
    }
    answer.then(answered, (error: unknown) => {
      // It is sent again on the next connection.
      const isGone = error instanceof ConnectionClosedError || connection.isGone
      if (request.sentOn === connection && !isGone) request.reject(error)
    })
  }

  #tellLarge({ method, sentBytes, receivedBytes }: Outstanding, milliseconds: number): void {
    if (sentBytes + receivedBytes < LARGE) return
    this.#options.large({ method, sentBytes, receivedBytes, milliseconds })
  }
}

/** What whoever waits is told: that it may have taken effect, where it was sent and may change something. */
function givenUp({ method, sentOn }: Outstanding, reason: unknown): unknown {
  if (sentOn === undefined || reads.has(method) || harmless.has(method)) return reason
  const { status } = reason as { status?: ClientError['status'] }
  const message = `${method} was given up after it was sent: it may have taken effect`
  return new ClientError('uncertain', message, status, { cause: reason })
}
