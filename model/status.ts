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
