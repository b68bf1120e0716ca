import { StatusError, type Status } from '../status.ts'

export function invalidQuery(message: string, params: Status['params'] = {}): StatusError {
  return new StatusError('core:status:InvalidQuery', { message, ...params })
}
