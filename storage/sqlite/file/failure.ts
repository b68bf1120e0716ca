import { StatusError, type Status } from '../../../model/status.ts'
import { StorageError, type StorageErrorCode } from '../../contract.ts'
import { isOutOfFiles, TOO_MANY_FILES } from '../../shared/out-of-files.ts'

/** An error as sent by a worker. Without a code it is a bug or an invalid request. */
export interface Failure {
  code?: StorageErrorCode
  message: string
  /** Of a request that is refused, such as a condition that takes too many steps over a document. */
  status?: Status
}

const codes: [pattern: RegExp, code: StorageErrorCode][] = [
  [/^SQLITE_(FULL|IOERR_WRITE)|^ENOSPC$|^EDQUOT$/, 'full'],
  [/^SQLITE_TOOBIG/, 'too-large'],
  [/^SQLITE_READONLY|^EACCES$|^EPERM$|^EROFS$/, 'read-only'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'damaged'],
  [/^SQLITE_CONSTRAINT/, 'conflict'],
  [
    /^SQLITE_(IOERR|CANTOPEN|BUSY|LOCKED|NOMEM|PROTOCOL|INTERRUPT|NOLFS|PERM|AUTH)|^E[A-Z0-9]+$/,
    'unavailable',
  ],
]

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error) }
  if (error instanceof StatusError) return { message: error.message, status: error.status }
  const code = error instanceof StorageError ? error.code : codeOf(error)
  const message = isOutOfFiles(error) ? TOO_MANY_FILES : error.message
  return code === undefined ? { message } : { code, message }
}

export function toError(failure: Failure): Error {
  if (failure.status !== undefined) return new StatusError(failure.status.code, failure.status.params)
  return failure.code === undefined
    ? new Error(failure.message)
    : new StorageError(failure.code, failure.message)
}

function codeOf(error: Error): StorageErrorCode | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return codes.find(([pattern]) => pattern.test(code))?.[1]
}
