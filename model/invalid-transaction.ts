import { StatusError, type Status } from './status.ts'

export function invalidTransaction(reason: string, params: Status['params'] = {}): StatusError {
  return new StatusError('core:status:InvalidTransaction', { reason, ...params })
}
