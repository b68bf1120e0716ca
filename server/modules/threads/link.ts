import type { MessagePort, Worker } from 'node:worker_threads'
import { takeError } from '../../../pipeline/modules/thrown.ts'
import { type Codec, type Remote, ValueCodec } from './value-codec.ts'

/** One end of a channel between two threads. */
export type Channel = Pick<MessagePort | Worker, 'postMessage'> & {
  on: (event: 'message', listener: (message: Message) => void) => unknown
}

export type Message =
  | { kind: 'call'; id: number; scope: number; target: number; args: unknown }
  | { kind: 'result' | 'error'; id: number; scope: number; value: unknown }
  | { kind: 'abort'; scope: number; target: number; value: unknown }
  | { kind: 'end'; scope: number }

/** The function that each end calls first: it has no handle, as nobody passed it. */
export const ROOT = 0

type Callable = (...args: never[]) => unknown

interface Waiting {
  scope: number
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Calls between two threads. Functions and abort signals within values work on the other side until their scope ends; a
 * function returns a promise there.
 */
export class Link {
  readonly #channel: Channel
  readonly #codec: Codec
  readonly #root: Callable
  readonly #functions = new Map<number, { scope: number; call: Callable }>()
  readonly #signals = new Map<number, { scope: number; controller: AbortController }>()
  /** Signals of this side that the other one follows. They may live longer than the scope. */
  readonly #followed = new Map<number, { scope: number; stop: () => void }>()
  readonly #waiting = new Map<number, Waiting>()
  #lastId = ROOT

  /** @param root called by the other side with its scope before its arguments */
  constructor(
    channel: Channel,
    root: (scope: number, ...args: unknown[]) => unknown,
    locals: Remote['locals'],
  ) {
    this.#channel = channel
    this.#root = root as Callable
    this.#codec = new ValueCodec({
      locals,
      register: (scope, call) => this.#register(scope, call),
      follow: (scope, signal) => this.#follow(scope, signal),
      call: (scope, target, args) => this.call(scope, target, args),
      signal: (scope, id) => this.#signal(scope, id),
    })
    channel.on('message', (message) => void this.#take(message))
  }

  /** @throws the error of the function; DataCloneError for a value that no other thread can get */
  async call(scope: number, target: number, args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId
    const message: Message = { kind: 'call', id, scope, target, args: this.#codec.encode(scope, args) }
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { scope, resolve, reject })
      try {
        this.#channel.postMessage(message)
      } catch (error) {
        this.#waiting.delete(id)
        reject(error)
      }
    })
  }

  /** Resolves when all calls of the scope have their results. */
  async settled(scope: number): Promise<void> {
    while ([...this.#waiting.values()].some((each) => each.scope === scope))
      await new Promise<void>((resolve) => setImmediate(resolve))
  }

  /** What was passed in this scope works no more, on either side. */
  end(scope: number): void {
    this.#forget(scope)
    this.#channel.postMessage({ kind: 'end', scope } satisfies Message)
  }

  /** The other side is gone. */
  close(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    this.#functions.clear()
    for (const { stop } of this.#followed.values()) stop()
    this.#followed.clear()
  }

  #register(scope: number, call: Callable): number {
    const id = ++this.#lastId
    this.#functions.set(id, { scope, call })
    return id
  }

  #follow(scope: number, signal: AbortSignal): number {
    const target = ++this.#lastId
    const abort = (): void => {
      const value = this.#codec.encode(scope, signal.reason)
      this.#channel.postMessage({ kind: 'abort', scope, target, value } satisfies Message)
    }
    if (signal.aborted) queueMicrotask(abort)
    else {
      signal.addEventListener('abort', abort, { once: true })
      this.#followed.set(target, { scope, stop: () => signal.removeEventListener('abort', abort) })
    }
    return target
  }

  #signal(scope: number, id: number): AbortSignal {
    const controller = new AbortController()
    this.#signals.set(id, { scope, controller })
    return controller.signal
  }

  async #take(message: Message): Promise<void> {
    const { scope } = message
    switch (message.kind) {
      case 'call':
        return await this.#answer(message)
      case 'result':
      case 'error': {
        const waiting = this.#waiting.get(message.id)
        this.#waiting.delete(message.id)
        try {
          const value = this.#codec.decode(scope, message.value)
          if (message.kind === 'result') waiting?.resolve(value)
          else waiting?.reject(value)
        } catch (error) {
          // A value that is nested too deeply.
          waiting?.reject(error)
        }
        return
      }
      case 'abort':
        return this.#signals.get(message.target)?.controller.abort(this.#codec.decode(scope, message.value))
      case 'end':
        return this.#forget(scope)
      default:
        message satisfies never
    }
  }

  async #answer({ id, scope, target, args }: Extract<Message, { kind: 'call' }>): Promise<void> {
    try {
      const values = this.#codec.decode(scope, args) as never[]
      const value = this.#codec.encode(scope, await this.#perform(scope, target, values))
      this.#channel.postMessage({ kind: 'result', id, scope, value } satisfies Message)
    } catch (error) {
      // A thread cannot get every error as it is.
      const value = this.#codec.encode(scope, takeError(error))
      this.#channel.postMessage({ kind: 'error', id, scope, value } satisfies Message)
    }
  }

  #perform(scope: number, target: number, values: never[]): unknown {
    if (target === ROOT) return this.#root(scope as never, ...values)
    const known = this.#functions.get(target)
    if (known === undefined) throw new Error('the run is over')
    return known.call(...values)
  }

  #forget(scope: number): void {
    for (const [id, known] of this.#functions) if (known.scope === scope) this.#functions.delete(id)
    for (const [id, known] of this.#signals) if (known.scope === scope) this.#signals.delete(id)
    for (const [id, followed] of this.#followed) {
      if (followed.scope !== scope) continue
      followed.stop()
      this.#followed.delete(id)
    }
  }
}
