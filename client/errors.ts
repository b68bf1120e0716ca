import type { Status } from '../model/status.ts'

/** Why a request has no answer: `terminated` and `stopped` by this side or for good by the server, `timeout`, `overloaded`: too many wait. */
export type ClientErrorCode = 'terminated' | 'refused' | 'timeout' | 'overloaded'

/** The client gave up; what the server answers is a `StatusError`. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** What the server said, where it is the reason. */
  readonly status: Status | undefined

  constructor(code: ClientErrorCode, message: string, status?: Status) {
    super(message)
    this.name = 'ClientError'
    this.code = code
    this.status = status
  }
}
