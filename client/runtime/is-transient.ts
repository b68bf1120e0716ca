import { StatusError, type StatusCode } from '../../model/status.ts'
import { ClientError } from './errors.ts'

const transient: ReadonlySet<StatusCode> = new Set([
  'platform:status:Unavailable',
  'platform:status:LimitReached',
  'platform:status:WorkspaceCreating',
  'platform:status:MigrationFailed',
])

/** Whether a request that failed with this error may succeed when it is repeated after a while. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StatusError) return transient.has(error.status.code)
  return error instanceof ClientError && error.code === 'overloaded'
}
