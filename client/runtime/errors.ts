import type { Status } from '../../model/status.ts'

/**
 * Why a call has no response.
 *
 * - `terminated`: the client was terminated. The next client over the same store sends the changes that the store has.
 * - `refused`: the server refuses the client, or the session has no account. The request was not sent and never will be.
 * - `timeout`: the call ended before its request was sent, or it only reads. It has no effect and never will.
 * - `overloaded`: too many requests wait. The request was not sent and never will be.
 * - `uncertain`: the call ended after its request was sent. It may have taken effect, and is not sent again. `cause` is
 *   why it ended.
 */
export type ClientErrorCode = 'terminated' | 'refused' | 'timeout' | 'overloaded' | 'uncertain'

/** A call ended without a response of the server. An error that the server returns is a `StatusError`. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** The server's status, if that is the cause. */
  readonly status: Status | undefined

  constructor(code: ClientErrorCode, message: string, status?: Status, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ClientError'
    this.code = code
    this.status = status
  }
}

/** The error of calls after `terminate`. */
export function terminated(): ClientError {
  return new ClientError('terminated', 'the client was terminated')
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  const message = property(error, 'message')
  return typeof message === 'string' ? message : String(error)
}

/** Whether an error of Node or SQLite has this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return property(error, 'code') === code
}

/** Not by `instanceof Error`: errors of Node have another `Error` where a test runner has a context of its own. */
function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}
