import { StatusError } from '../../../model/status.ts'

export function forbidden(message: string): StatusError {
  return new StatusError('platform:status:Forbidden', { message })
}

/** Replaces an error with the code `from`, and rethrows any other error. */
export function rethrow(
  error: unknown,
  from: string,
  ...to: ConstructorParameters<typeof StatusError>
): never {
  if (error instanceof StatusError && error.status.code === from) throw new StatusError(...to)
  throw error
}
