import { StatusError } from './status.ts'

export function unknownClass(id: string): StatusError {
  return new StatusError('core:status:UnknownClass', { _class: id })
}

export function invalidModel(message: string, _id: string): StatusError {
  return new StatusError('core:status:InvalidTransaction', { message, _id })
}
