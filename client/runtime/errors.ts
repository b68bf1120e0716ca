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
