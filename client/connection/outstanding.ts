import type { Response, SentBefore } from '../../protocol/messages.ts'
import { StatusError } from '../../model/status.ts'
import { ClientError } from '../runtime/errors.ts'
import type { Connection } from './connection.ts'
import type { CallFields } from './connection-options.ts'
import type { RequestOptions } from './request-options.ts'

/** Receives the values of a stream. */
export interface StreamReceiver {
  /** Values that the server may send before it is asked for more. */
  readonly window: number
  value: (value: unknown) => void
  /** The request was sent: `more` asks for so many more values. */
  started: (more: (values: number) => void) => void
}

/** A request without a response. */
export interface Outstanding {
  method: string
  params: readonly unknown[]
  /** Milliseconds since the epoch. */
  since: number
  options: RequestOptions
  /** Of a module's method: the same each time it is sent. */
  key: string | undefined
  stream: StreamReceiver | undefined
  sentBytes: number
  receivedBytes: number
  /** The last connection it was sent on, and its id there. */
  sentOn: Connection | undefined
  id: number
  /** When it was first sent, in milliseconds of a monotonic clock, and to which opening of the workspace. */
  first: { at: number; instance: string } | undefined
  /** An earlier connection may have delivered it too. */
  isDoubtful: boolean
  resolve: (response: Response) => void
  reject: (error: unknown) => void
}

/** Methods that only read, with responses that may be long. */
export const reads: ReadonlySet<string> = new Set(['findAll', 'loadModel', 'query', 'searchFulltext'])
/** Other methods without an effect on the server. */
const harmless: ReadonlySet<string> = new Set(['getAccount', 'measure', 'measure-done', 'ping'])

/** Methods of modules have a dot in their names, and no others do. */
export function isOfModule(method: string): boolean {
  return method.includes('.')
}

/** The fields of the request beside method and params. */
export function fieldsOf({ first, key, stream }: Outstanding, now: number): CallFields {
  const again: SentBefore | undefined = first && { instance: first.instance, age: now - first.at }
  return {
    ...(key === undefined ? {} : { key }),
    ...(key === undefined || again === undefined ? {} : { again }),
    ...(stream === undefined ? {} : { stream: stream.window }),
  }
}

/** The error of a request that ends for this reason: `uncertain` when it was sent and may have an effect. */
export function errorOf({ method, sentOn, isDoubtful }: Outstanding, cause: unknown): unknown {
  if ((sentOn === undefined && !isDoubtful) || reads.has(method) || harmless.has(method)) return cause
  const status = cause instanceof ClientError ? cause.status : undefined
  const message = `${method} was given up after it was sent: it may have taken effect`
  return new ClientError('uncertain', message, status, { cause })
}

/** The error of a response. */
export function errorOfResponse({ method }: Outstanding, error: unknown): unknown {
  if (!(error instanceof StatusError) || error.status.code !== 'platform:status:OutcomeUnknown') return error
  const message = `${method} may have run: it was sent before, and its outcome is not known`
  return new ClientError('uncertain', message, error.status, { cause: error })
}

export function streamLost(method: string): ClientError {
  return new ClientError('uncertain', `the connection was lost before the end of ${method}`)
}
