import { Hierarchy } from '../../../model/hierarchy.ts'
import { type Status, StatusError } from '../../../model/status.ts'
import { TransactionFactory } from '../../../model/transaction-factory.ts'
import { ownCopy } from '../../../pipeline/modules/own-copy.ts'

export interface Codec {
  /** The value as it can be posted to another thread. @throws TypeError if it is nested too deeply */
  encode: (scope: number, value: unknown, depth?: number) => unknown
  /** The value that the other side encoded. */
  decode: (scope: number, value: unknown) => unknown
}

type Callable = (...args: never[]) => unknown

/** What becomes of values that have to do with the other thread. */
export interface Remote {
  /** What stands for values that a thread has to have itself. */
  locals: { generateId: () => string; hierarchy: () => unknown }
  /** The other side may call the function by the number that is returned. */
  register: (scope: number, call: Callable) => number
  /** The other side learns when the signal aborts, by the number that is returned. */
  follow: (scope: number, signal: AbortSignal) => number
  /** Calls a function of the other side. */
  call: (scope: number, target: number, args: unknown[]) => Promise<unknown>
  /** A signal that aborts as the one of the other side. */
  signal: (scope: number, id: number) => AbortSignal
}

/** The key of values that are not what they look like. An object with this key itself is `escaped`. */
const TAG = '\u0000atrium'
/** Levels of a value. What is nested more deeply a thread may post, but the other one does not receive. */
const MAX_DEPTH = 500

type Tagged =
  | { [TAG]: 'function' | 'signal'; id: number }
  | { [TAG]: 'factory'; signature: unknown }
  | { [TAG]: 'hierarchy' }
  | { [TAG]: 'error'; name: string; message: string; stack: string | undefined; fields: unknown }
  | { [TAG]: 'iterable'; next: unknown; return: unknown }
  | { [TAG]: 'escaped'; entries: [string, unknown][] }

/** Encodes values with functions, signals, errors, factories of transactions and async iterables. */
export class ValueCodec implements Codec {
  readonly #remote: Remote

  constructor(remote: Remote) {
    this.#remote = remote
  }

  encode(scope: number, value: unknown, depth = 0): unknown {
    if (depth > MAX_DEPTH) throw new TypeError('a value is nested too deeply for another thread')
    if (typeof value === 'function')
      return { [TAG]: 'function', id: this.#remote.register(scope, value as Callable) }
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((each) => this.encode(scope, each, depth + 1))
    if (isPlain(value)) return this.#encodeRecord(scope, value, depth)
    return this.#encodeInstance(scope, value, depth)
  }

  decode(scope: number, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((each) => this.decode(scope, each))
    if (!isPlain(value)) return value
    if (TAG in value) return this.#decodeTagged(scope, value as Tagged)
    return mapped(Object.entries(value), (each) => this.decode(scope, each))
  }

  #encodeRecord(scope: number, value: object, depth: number): unknown {
    const entries = Object.entries(value)
    if (!(TAG in value)) return mapped(entries, (each) => this.encode(scope, each, depth + 1))
    return {
      [TAG]: 'escaped',
      entries: entries.map(([key, each]) => [key, this.encode(scope, each, depth + 1)]),
    }
  }

  #encodeInstance(scope: number, value: object, depth: number): unknown {
    if (value instanceof AbortSignal) return { [TAG]: 'signal', id: this.#remote.follow(scope, value) }
    if (value instanceof TransactionFactory) return { [TAG]: 'factory', signature: value.signature }
    if (value instanceof Hierarchy) return { [TAG]: 'hierarchy' }
    if (value instanceof Error) {
      const { name, message, stack } = value
      return { [TAG]: 'error', name, message, stack, fields: this.encode(scope, ownFields(value), depth + 1) }
    }
    if (Symbol.asyncIterator in value) {
      const iterator = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      const end = async () => await iterator.return?.()
      return {
        [TAG]: 'iterable',
        next: this.encode(scope, () => iterator.next()),
        return: this.encode(scope, end),
      }
    }
    const copy = ownCopy(value)
    // What has methods is used by them. Anything else the other thread gets as threads get values.
    return Object.values(copy).some((each) => typeof each === 'function') && !isBuiltIn(value)
      ? this.#encodeRecord(scope, copy, depth)
      : value
  }

  #decodeTagged(scope: number, value: Tagged): unknown {
    const { call, locals, signal } = this.#remote
    switch (value[TAG]) {
      case 'function': {
        const { id } = value
        return async (...args: unknown[]) => await call(scope, id, args)
      }
      case 'signal':
        return signal(scope, value.id)
      case 'factory':
        return new TransactionFactory(locals.generateId, value.signature as never)
      case 'hierarchy':
        return locals.hierarchy()
      case 'error':
        return this.#error(scope, value)
      case 'iterable':
        return this.#iterable(scope, value)
      case 'escaped':
        return mapped(value.entries, (each) => this.decode(scope, each))
      default:
        return value satisfies never
    }
  }

  #error(scope: number, { name, message, stack, fields }: Extract<Tagged, { [TAG]: 'error' }>): Error {
    const own = this.decode(scope, fields) as { status?: Status }
    const { status } = own
    const error =
      typeof status?.code === 'string' ? new StatusError(status.code, status.params) : new Error(message)
    return Object.assign(error, own, { name, message, stack })
  }

  #iterable(scope: number, { next, return: end }: Extract<Tagged, { [TAG]: 'iterable' }>): unknown {
    const iterator = {
      next: this.decode(scope, next) as () => Promise<IteratorResult<unknown>>,
      return: this.decode(scope, end) as () => Promise<IteratorResult<unknown>>,
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }
}

/** Such as the status of an error. */
function ownFields(error: Error): object {
  return Object.fromEntries(Object.entries(error))
}

function mapped(entries: readonly [string, unknown][], each: (value: unknown) => unknown): object {
  return Object.fromEntries(entries.map(([key, value]) => [key, each(value)]))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // Not `Object.prototype`: what another thread posted may be of another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Threads copy these themselves. */
function isBuiltIn(value: object): boolean {
  return (
    [Date, Map, Set, RegExp, ArrayBuffer].some((each) => value instanceof each) || ArrayBuffer.isView(value)
  )
}
