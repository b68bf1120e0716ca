import type { Status } from '../../model/status.ts'

/**
 * Why a call has no answer.
 *
 * - `terminated`: this client has ended. What its store keeps is sent by the next client over that store.
 * - `refused`: the server wants no return, or the session has no account. Nothing was sent, and nothing will be.
 * - `timeout`: its time was over before it was sent, or it only reads. It has not taken effect and will not.
 * - `overloaded`: too many requests wait already. It was not sent and will not be.
 * - `uncertain`: given up after it was sent. It may have taken effect; it is not sent again. `cause` says why.
 */
export type ClientErrorCode = 'terminated' | 'refused' | 'timeout' | 'overloaded' | 'uncertain'

/** The client gave up; what the server answers is a `StatusError`. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** What the server said, where it is the reason. */
  readonly status: Status | undefined

  constructor(code: ClientErrorCode, message: string, status?: Status, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ClientError'
    this.code = code
    this.status = status
  }
}

/** What a client that was terminated answers. */
export function terminated(): ClientError {
  return new ClientError('terminated', 'the client was terminated')
}
