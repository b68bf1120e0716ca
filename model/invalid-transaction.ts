import { StatusError, type Status } from './status.ts'

export function invalidTransaction(message: string, params: Status['params'] = {}): StatusError {
  return new StatusError('core:status:InvalidTransaction', { message, ...params })
}
