import type { StatusCode } from '../model/status.ts'

export interface StatusEntry {
  /** A description for people. */
  message: string
  /** Names of `params`. Those that do not apply are omitted. */
  params: readonly string[]
  /** Whether the same request may succeed later. */
  retry: boolean
  /** The HTTP status if the response is one. */
  http: number
}

/** Params that locate an error in a query or transaction. */
const PLACE = ['_class', 'field', 'operator', 'expected'] as const

/** All codes of the server. A test compares them with the documentation in `PROTOCOL.md`. */
export const statusCatalogue: Record<StatusCode, StatusEntry> = {
  'platform:status:BadRequest': entry('The frame or its params are not what the method takes.', 400, [
    'message',
    'id',
    'limit',
  ]),
  'platform:status:Unauthorized': entry(
    'The token is missing, malformed, expired or signed with another secret.',
    401,
  ),
  'platform:status:Forbidden': entry('The account may not do this.', 403, ['message']),
  'platform:status:UnknownMethod': entry('There is no such method.', 404, ['method']),
  'platform:status:UnknownError': entry('The request failed; the message says why.', 500, ['message']),
  'platform:status:InternalServerError': entry('The server failed; its log tells why.', 500),
  'platform:status:AccountNotFound': entry('The email has no account here.', 404, ['email']),
  'platform:status:AccountExists': entry('The email has an account already.', 409, ['email']),
  'platform:status:InvalidCredentials': entry('Email or password are wrong.', 401),
  'platform:status:WorkspaceNotFound': entry('There is no such workspace.', 404, ['workspace']),
  'platform:status:WorkspaceExists': entry('The name of the workspace is taken.', 409, ['workspace']),
  'platform:status:WorkspaceDisabled': entry('The workspace is disabled.', 403),
  'platform:status:WorkspaceCreating': retry('The workspace is being created.', 503, ['progress']),
  'platform:status:WorkspaceBroken': entry(
    'The model of the workspace is broken: people only read it until an administrator has repaired it.',
    409,
    ['message'],
  ),
  'platform:status:Unavailable': retry('Storage or accounts cannot be reached.', 503, ['message']),
  'platform:status:StorageFull': retry('The disk is full; nothing was changed.', 507),
  'platform:status:StorageReadOnly': retry('The disk is read-only; nothing was changed.', 507),
  'platform:status:StorageDamaged': entry('The files of the workspace are damaged.', 500),
  'platform:status:LimitReached': retry('A limit of the server is reached.', 429, ['limit', 'value']),
  'platform:status:RateLimited': retry(
    'Too much was sent; the client waits `retryAfter` milliseconds.',
    429,
    ['limit', 'retryAfter'],
  ),
  'platform:status:Timeout': entry('The request took longer than a request may, and was stopped.', 504, [
    'limit',
    'value',
  ]),
  'platform:status:Overloaded': retry('The server is short of memory, and takes no new work for now.', 503, [
    'retryAfter',
  ]),
  'platform:status:TooLarge': entry('It is larger than is taken or kept; nothing was changed.', 413, [
    'size',
    'limit',
    '_id',
  ]),
  'platform:status:Overtaken': entry('Newer changes came before it; it was not sent.', 409, ['message']),
  'platform:status:TriggerLimit': entry(
    'Triggers set each other off without end; nothing was changed.',
    500,
    ['limit', 'value', 'triggers'],
  ),
  'platform:status:TriggerTimeout': retry(
    'A synchronous trigger of a module took too long, or did so before; nothing was changed.',
    504,
    ['trigger', 'limit', 'retryAfter'],
  ),
  'platform:status:MigrationFailed': retry('The workspace does not open: a migration failed.', 503, [
    'module',
    'migration',
    '_class',
    '_id',
    'retryAfter',
  ]),
  'platform:status:NotUnique': entry('Another document has the same values of these attributes.', 409, [
    '_class',
    'fields',
  ]),
  'platform:status:OutcomeUnknown': entry(
    'Whether the method ran to its end is not known, and it is not run again.',
    409,
    ['method', 'committed'],
  ),
  'platform:status:Conflict': retry('What it read has changed in the meantime; nothing was changed.', 409, [
    'tries',
  ]),
  'platform:status:Cancelled': entry('The client cancelled the call, or has gone.', 499, ['method']),
  'platform:status:InvalidResult': entry('The method returned what JSON cannot represent.', 500, [
    'method',
    'field',
    'message',
  ]),
  'core:status:ObjectNotFound': entry('There is no such document.', 404, ['_id']),
  'core:status:ObjectExists': entry('There is a document with this id already.', 409, ['_id']),
  'core:status:ObjectClassMismatch': entry('The document is of another class.', 409, [
    '_id',
    '_class',
    'expected',
  ]),
  'core:status:ObjectSpaceMismatch': entry('An attached document is in the space of its parent.', 409, [
    '_id',
    'space',
    'expected',
  ]),
  'core:status:ModelInUse': entry('There are documents that the change of the model does not fit.', 409, [
    '_class',
    'message',
  ]),
  'core:status:SpaceInUse': entry('The space holds documents.', 409, ['_id', 'count']),
  'core:status:InvalidProduct': entry('The token is for another product.', 403, ['productId']),
  'core:status:UnknownClass': entry('The model has no such class.', 400, ['_class']),
  'core:status:MissingAttribute': entry('A required attribute is missing.', 400, ['_class', 'attribute']),
  'core:status:InvalidAttribute': entry('An attribute has a value of another type.', 400, [
    '_class',
    'attribute',
    'expected',
  ]),
  'core:status:InvalidQuery': entry('The query or its options are not understood.', 400, [
    'message',
    ...PLACE,
    'lookup',
    'limit',
    '$options',
  ]),
  'core:status:TransactionIdReused': entry('Another transaction was committed under this id.', 409, ['_id']),
  'core:status:InvalidTransaction': entry('The transaction cannot be applied.', 400, [
    'message',
    ...PLACE,
    '_id',
    'mixin',
    'limit',
  ]),
}

function entry(message: string, http: number, params: readonly string[] = []): StatusEntry {
  return { message, params, retry: false, http }
}

function retry(message: string, http: number, params: readonly string[] = []): StatusEntry {
  return { ...entry(message, http, params), retry: true }
}
