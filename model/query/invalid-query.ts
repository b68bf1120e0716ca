import { StatusError, type Status } from '../status.ts'

export function invalidQuery(reason: string, params: Status['params'] = {}): StatusError {
  return new StatusError('core:status:InvalidQuery', { reason, ...params })
}
