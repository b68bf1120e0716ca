import { StatusError } from '../model/status.ts'
import type { Response } from '../protocol/messages.ts'
import type { StreamReceiver } from './connection/outstanding.ts'
import type { Deadline } from './runtime/deadline.ts'
import { ClientError } from './runtime/errors.ts'

/** Values that the server may send before the loop has taken them. */
const WINDOW = 64

/** Sends the request. `ends` is called with the deadline of the call. Resolves with the end of the stream. */
type Start = (receiver: StreamReceiver, ends: (deadline: Deadline) => void) => Promise<Response>

interface Taker<T> {
  resolve: (result: IteratorResult<T, undefined>) => void
  reject: (error: unknown) => void
}

/** The values of a method that streams. */
export class ValueStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #method: string
  readonly #start: Start
  #isStarted = false
  readonly #values: T[] = []
  readonly #takers: Taker<T>[] = []
  #end: { error: unknown } | 'done' | undefined
  #deadline: Deadline | undefined
  #more: (values: number) => void = () => undefined
  /** Values that were taken since the server was last asked for more. */
  #taken = 0

  constructor(method: string, start: Start) {
    this.#method = method
    this.#start = start
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isStarted && this.#end === undefined) this.#begin()
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject })
      this.#serve()
    })
  }

  /** Cancels the method, unless the stream is over. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#values.length = 0
    this.#over('done')
    this.#deadline?.expire(new ClientError('terminated', `the stream of ${this.#method} was left`))
    return Promise.resolve({ done: true, value: undefined })
  }

  #begin(): void {
    this.#isStarted = true
    const receiver: StreamReceiver = {
      window: WINDOW,
      value: (value) => {
        if (this.#end !== undefined) return
        // The type is that of the method, which the client trusts.
        this.#values.push(value as T)
        this.#serve()
      },
      started: (more) => (this.#more = more),
    }
    this.#start(receiver, (deadline) => (this.#deadline = deadline)).then(
      (response) => this.#over(response.more === false ? 'done' : { error: notStreaming(this.#method) }),
      (error: unknown) => this.#over({ error }),
    )
  }

  /** The first end counts. */
  #over(end: { error: unknown } | 'done'): void {
    this.#end ??= end
    this.#serve()
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      if (this.#values.length > 0) this.#takers.shift()?.resolve({ done: false, value: this.#take() })
      else if (this.#end === undefined) return
      else this.#finish(this.#end)
    }
  }

  #take(): T {
    this.#taken += 1
    if (this.#taken >= WINDOW / 2) {
      this.#more(this.#taken)
      this.#taken = 0
    }
    // There is one.
    return this.#values.shift() as T
  }

  /** An error is thrown once. */
  #finish(end: { error: unknown } | 'done'): void {
    const taker = this.#takers.shift()
    if (end === 'done') return taker?.resolve({ done: true, value: undefined })
    this.#end = 'done'
    taker?.reject(end.error)
  }
}

function notStreaming(method: string): StatusError {
  return new StatusError('platform:status:UnknownMethod', { method })
}
