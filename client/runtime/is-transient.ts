import { StatusError, type StatusCode } from '../../model/status.ts'
import { ClientError } from './errors.ts'

/** The same may succeed in a moment. */
const passing: ReadonlySet<StatusCode> = new Set([
  'platform:status:Unavailable',
  'platform:status:LimitReached',
  'platform:status:WorkspaceCreating',
  'platform:status:MigrationFailed',
])

/** Whether what failed is worth another try, after a while. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StatusError) return passing.has(error.status.code)
  return error instanceof ClientError && error.code === 'overloaded'
}
