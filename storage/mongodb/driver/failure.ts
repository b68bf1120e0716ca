import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { StorageError, type StorageErrorCode } from '../../contract.ts'

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const codes = new Map<number, StorageErrorCode>([
  [13, 'read-only'],
  [18, 'read-only'],
  [50, 'timeout'],
  [14_031, 'full'],
  [10_334, 'too-large'],
  [12_501, 'full'],
  [11_000, 'conflict'],
])

/** Errors of a server that stops, steps down or is not the primary, and timeouts. */
const passing: ReadonlySet<number> = new Set([
  6, 7, 24, 43, 50, 64, 89, 91, 112, 134, 175, 189, 202, 237, 262, 9001, 10_058, 10_107, 11_600, 11_602,
  13_388, 13_435, 13_436,
])

const duplicateKey = 11_000

/** A server reported success but did not write everything. */
export class IncompleteWrite extends Error {
  constructor() {
    super('the server did not write everything')
    this.name = 'IncompleteWrite'
  }
}

/**
 * Whether a retry may succeed. The command may have been executed nevertheless. The driver hides the loss of a
 * connection in a `MongoBulkWriteError` without a code.
 */
export function isTemporary(error: unknown): boolean {
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError) return true
  if (error instanceof IncompleteWrite) return true
  if (!(error instanceof MongoError)) return false
  if (error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('TransientTransactionError'))
    return true
  if (error instanceof MongoBulkWriteError && error.code === undefined) return true
  if (error instanceof MongoWriteConcernError) return true
  if (error instanceof MongoServerError) return passing.has(codeOf(error)) || hasUnconfirmed(error)
  return /^Mongo(NotConnected|PoolCleared|PoolClosed|TopologyClosed|WaitQueueTimeout|OperationTimeout)/.test(
    error.name,
  )
}

/** Written, but not yet acknowledged by a majority. */
function hasUnconfirmed(error: MongoServerError): boolean {
  const result: { getWriteConcernError?: () => unknown } | undefined = error['result']
  return result?.getWriteConcernError?.() !== undefined
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && codeOf(error) === duplicateKey
}

/** Whether a bulk failed as a whole, without an error of one of its operations. */
export function isUnattributed(error: unknown): boolean {
  if (!(error instanceof MongoServerError)) return false
  return !(error instanceof MongoBulkWriteError) || [error.writeErrors].flat().length === 0
}

/** Errors of permissions or disk space. */
const ofDatabase: ReadonlySet<number> = new Set([13, 18, 8000, 12_501, 14_031])

/** Whether the server or the driver rejects the content permanently. */
export function isContentError(error: unknown): boolean {
  if (isTemporary(error) || isDuplicate(error)) return false
  if (error instanceof MongoServerError) return !ofDatabase.has(codeOf(error))
  // The driver cannot encode it.
  return !(error instanceof MongoError) && !(error instanceof StorageError)
}

/** Errors of a manual unique index or validator, and of size: other documents are not affected. */
const ofOneDocument: ReadonlySet<number> = new Set([121, 10_334, duplicateKey, 17_419, 17_420])

export function isSingleDocumentError(error: unknown): boolean {
  return error instanceof MongoServerError && ofOneDocument.has(codeOf(error))
}

function codeOf(error: MongoServerError): number {
  return typeof error.code === 'number' ? error.code : 0
}

export function toStorageError(error: unknown): unknown {
  if (error instanceof IncompleteWrite)
    return new StorageError('unavailable', error.message, { cause: error })
  if (!(error instanceof MongoError)) return error
  const code = error instanceof MongoServerError ? codes.get(codeOf(error)) : undefined
  return new StorageError(code ?? 'unavailable', error.message, { cause: error })
}
