import { asStatusError, type Status, StatusError } from '../../model/status.ts'
import { StorageError } from '../../storage/contract.ts'
import { ReadTimeoutError } from '../../storage/shared/read-timeout.ts'
import { TooLargeError } from '../../storage/shared/too-large.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'

/**
 * The only place where an error becomes a status for a client: never a stack, never a path.
 * @param fields what the log says of a request that failed without a status
 */
export function mapError(error: unknown, logger: Logger, fields: object = {}): Status {
  const coded = asStatusError(error)
  if (coded !== undefined) {
    const { code, params } = coded.status
    // The caller can do nothing about it.
    if (code === 'platform:status:InvalidResult') logger.error({ ...fields, ...params }, 'a request failed')
    return coded.status
  }
  if (error instanceof StorageError) {
    // A request that is too large or takes too long is the client's error.
    if (error.code !== 'too-large' && error.code !== 'timeout') report(error, logger)
    return storageStatus(error)
  }
  logger.error({ ...fields, err: error }, 'a request failed')
  return new StatusError('platform:status:InternalServerError').status
}

/** Logs one line for all requests that failed of one cause, with a stack when storage did not expect it. */
function report(error: StorageError, logger: Logger): void {
  if (!error.isFirstReport()) return
  const { code, message } = error
  logger.error(code === 'damaged' ? { err: error } : { code, reason: message }, 'storage failed')
}

function storageStatus(error: StorageError): Status {
  const { code, message } = error
  switch (code) {
    case 'full':
      return new StatusError('platform:status:StorageFull').status
    case 'read-only':
      return new StatusError('platform:status:StorageReadOnly').status
    case 'damaged':
      return new StatusError('platform:status:StorageDamaged').status
    case 'unavailable':
    case 'closed':
    case 'conflict':
    case 'exists':
      return new StatusError('platform:status:Unavailable', { message: 'storage is not available' }).status
    case 'limit':
      return new StatusError('platform:status:LimitReached', { limit: message }).status
    case 'timeout':
      return new StatusError('platform:status:Timeout', timeoutOf(error)).status
    case 'too-large':
      return new StatusError('platform:status:TooLarge', error instanceof TooLargeError ? sizesOf(error) : {})
        .status
    default:
      return code satisfies never
  }
}

function timeoutOf(error: StorageError): Status['params'] {
  const limit = 'milliseconds of a read'
  return error instanceof ReadTimeoutError ? { limit, value: error.value } : { limit }
}

function sizesOf({ size, limit, documents: [_id] }: TooLargeError): Status['params'] {
  return { size, limit, ...(_id === undefined ? {} : { _id }) }
}
