/** The error of a failed request. Contains no stack and no secrets. */
export interface Status {
  severity: Severity
  code: StatusCode
  params: Record<string, string | number | boolean>
}

export type Severity = 'OK' | 'INFO' | 'WARNING' | 'ERROR'

export type StatusCode =
  | 'platform:status:BadRequest'
  | 'platform:status:Unauthorized'
  | 'platform:status:Forbidden'
  | 'platform:status:UnknownMethod'
  | 'platform:status:UnknownError'
  | 'platform:status:InternalServerError'
  | 'platform:status:AccountNotFound'
  | 'platform:status:AccountExists'
  | 'platform:status:InvalidCredentials'
  | 'platform:status:WorkspaceNotFound'
  | 'platform:status:WorkspaceExists'
  | 'platform:status:WorkspaceDisabled'
  | 'platform:status:WorkspaceCreating'
  | 'platform:status:WorkspaceBroken'
  | 'platform:status:Unavailable'
  | 'platform:status:StorageFull'
  | 'platform:status:StorageReadOnly'
  | 'platform:status:StorageDamaged'
  | 'platform:status:LimitReached'
  | 'platform:status:RateLimited'
  | 'platform:status:Timeout'
  | 'platform:status:Overloaded'
  | 'platform:status:TooLarge'
  | 'platform:status:Overtaken'
  | 'platform:status:TriggerLimit'
  | 'platform:status:TriggerTimeout'
  | 'platform:status:MigrationFailed'
  | 'platform:status:OutcomeUnknown'
  | 'platform:status:Conflict'
  | 'platform:status:Cancelled'
  | 'platform:status:InvalidResult'
  | 'platform:status:NotUnique'
  | 'core:status:ObjectNotFound'
  | 'core:status:ObjectExists'
  | 'core:status:ObjectClassMismatch'
  | 'core:status:ObjectSpaceMismatch'
  | 'core:status:ModelInUse'
  | 'core:status:SpaceInUse'
  | 'core:status:InvalidProduct'
  | 'core:status:UnknownClass'
  | 'core:status:MissingAttribute'
  | 'core:status:InvalidAttribute'
  | 'core:status:InvalidQuery'
  | 'core:status:TransactionIdReused'
  | 'core:status:InvalidTransaction'

/** An error whose status is shown to the client. Any other error results in InternalServerError. */
export class StatusError extends Error {
  readonly status: Status

  constructor(code: StatusCode, params: Status['params'] = {}, options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(params)}`, options)
    this.name = 'StatusError'
    this.status = { severity: 'ERROR', code, params }
  }
}

/** Codes look like this, those of a module too. */
const codeFormat = /^[\w-]{1,64}:status:[\w-]{1,64}$/

/** Maximum characters of a text in the params of an error that is recognised by its shape. */
const MAX_PARAM = 1000

/**
 * The error as a `StatusError`. One of another copy of this code, such as that of a module's own dependencies, is
 * recognised by its shape. `undefined` for any other error.
 */
export function asStatusError(error: unknown): StatusError | undefined {
  if (error instanceof StatusError) return error
  if (typeof error !== 'object' || error === null || !('name' in error) || !('status' in error))
    return undefined
  const { name, status } = error
  if (name !== 'StatusError') return undefined
  if (typeof status !== 'object' || status === null || !('code' in status)) return undefined
  const { code } = status
  if (typeof code !== 'string' || !codeFormat.test(code)) return undefined
  const params = 'params' in status ? plainParams(status.params) : {}
  // The copy may be of another version, with codes of its own.
  return new StatusError(code as StatusCode, params, { cause: error })
}

function plainParams(params: unknown): Status['params'] {
  const plain: Status['params'] = {}
  if (typeof params !== 'object' || params === null) return plain
  for (const [name, value] of Object.entries(params)) {
    if (typeof value === 'string') plain[name] = value.slice(0, MAX_PARAM)
    else if (typeof value === 'number' || typeof value === 'boolean') plain[name] = value
  }
  return plain
}
