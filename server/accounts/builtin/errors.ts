import { StatusError } from '../../../model/status.ts'

export function forbidden(message: string): StatusError {
  return new StatusError('platform:status:Forbidden', { message })
}

/** Throws an error with the code `from` as another one, any other error as it is. */
export function rethrow(
  error: unknown,
  from: string,
  ...to: ConstructorParameters<typeof StatusError>
): never {
  if (error instanceof StatusError && error.status.code === from) throw new StatusError(...to)
  throw error
}
