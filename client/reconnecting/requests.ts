import type { Response } from '../../protocol/messages.ts'
import { type Connection, ConnectionClosedError, type ProgressListener } from '../connection.ts'
import type { Cancel, Clock } from '../environment.ts'
import { ClientError } from '../errors.ts'
import { watchUpload } from './watch-upload.ts'

export interface RequestOptions {
  /** Milliseconds until the request is given up; it waits for as long as it takes when left out. */
  timeout?: number
  /** Gives the request up. What the server was sent may still take effect. */
  signal?: AbortSignal
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

interface Outstanding {
  method: string
  params: readonly unknown[]
  since: number
  options: RequestOptions
  receivedBytes: number
  sentOn: Connection | undefined
  resolve: (response: Response) => void
  reject: (error: unknown) => void
}

/**
 * Requests without an answer, in order. They outlive the connection they were sent on: each is sent again on the next
 * one, until it is answered or given up.
 */
export class Requests {
  readonly #clock: Clock
  readonly #limit: number
  readonly #changed: () => void
  readonly #caughtUp: () => void
  readonly #large: (message: LargeMessage) => void
  readonly #outstanding = new Set<Outstanding>()
  /** Those that waited when the connection came. */
  #behind = new Set<Outstanding>()
  #connection: Connection | undefined

  /** @param options.caughtUp what had waited for a connection is answered */
  constructor(options: {
    clock: Clock
    limit: number
    changed: () => void
    caughtUp: () => void
    large: (message: LargeMessage) => void
  }) {
    this.#clock = options.clock
    this.#limit = options.limit
    this.#changed = options.changed
    this.#caughtUp = options.caughtUp
    this.#large = options.large
  }

  get size(): number {
    return this.#outstanding.size
  }

  /** Milliseconds since the epoch. */
  get oldest(): number | undefined {
    for (const { since } of this.#outstanding) return since
    return undefined
  }

  add(method: string, params: readonly unknown[], options: RequestOptions = {}): Promise<Response> {
    const { signal, timeout } = options
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    if (this.#outstanding.size >= this.#limit)
      return Promise.reject(new ClientError('overloaded', `${this.#limit} requests wait for their answers`))
    return new Promise((resolve, reject) => {
      const cancels: Cancel[] = []
      const settle = <T>(how: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          if (!this.#outstanding.delete(request)) return
          for (const cancel of cancels) cancel()
          how(value)
          this.#changed()
          if (this.#behind.delete(request)) this.#settleBehind()
        }
      }
      const request: Outstanding = {
        method,
        params,
        since: this.#clock.now(),
        options,
        receivedBytes: 0,
        sentOn: undefined,
        resolve: settle(resolve),
        reject: settle(reject),
      }
      if (timeout !== undefined) cancels.push(this.#giveUpAfter(timeout, request))
      if (signal !== undefined) cancels.push(onAbort(signal, request))
      this.#outstanding.add(request)
      this.#changed()
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

  rejectAll(error: Error): void {
    for (const { reject } of this.#outstanding) reject(error)
  }

  #settleBehind(): void {
    if (this.#behind.size === 0 && this.#connection !== undefined) this.#caughtUp()
  }

  #send(request: Outstanding, connection: Connection): void {
    request.sentOn = connection
    request.receivedBytes = 0
    const { method, params, options } = request
    const [before, since] = [connection.sentBytes, this.#clock.now()]
    const answer = connection.exchange(method, params, {
      progress: options.onProgress,
      received: (bytes) => (request.receivedBytes += bytes),
    })
    const sentBytes = connection.sentBytes - before
    if (options.onUploadProgress !== undefined)
      watchUpload(connection, this.#clock, sentBytes, options.onUploadProgress)
    const answered = (response: Response) => {
      const { receivedBytes } = request
      const milliseconds = this.#clock.now() - since
      if (sentBytes + receivedBytes >= LARGE) this.#large({ method, sentBytes, receivedBytes, milliseconds })
      request.resolve(response)
    }
    answer.then(answered, (error: unknown) => {
      // It is sent again on the next connection.
      const isGone = error instanceof ConnectionClosedError || connection.isGone
      if (request.sentOn === connection && !isGone) request.reject(error)
    })
  }

  #giveUpAfter(timeout: number, request: Outstanding): Cancel {
    return this.#clock.schedule(timeout, () => {
      request.reject(new ClientError('timeout', `no answer to ${request.method} within ${timeout} ms`))
    })
  }
}

function onAbort(signal: AbortSignal, request: Outstanding): Cancel {
  const abort = () => request.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
