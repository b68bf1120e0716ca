import { messageOf } from '../../model/error-details.ts'
import { asStatusError } from '../../model/status.ts'
import { StorageError } from '../../storage/contract.ts'

/** Maximum characters of a text that is kept. */
const MAX_TEXT = 10_000
/** Maximum fields, and errors within an error, that are kept. */
const MAX_FIELDS = 20
/** Maximum levels of errors that caused each other. */
const MAX_CAUSES = 5

/**
 * What code of a module threw, as an error that the server can read, log, send and store. Modules throw any value:
 * errors of libraries that refer to sockets and to themselves, texts of megabytes, objects whose getters throw. Errors of
 * the server are returned as they are.
 */
export function takeError(thrown: unknown, depth = 0): Error {
  try {
    const own = serversOwn(thrown)
    if (own !== undefined) return own
  } catch {
    // Its getters throw.
  }
  const error = new Error(textOf(() => messageOf(thrown)) ?? 'what was thrown cannot be read')
  if (typeof thrown !== 'object' || thrown === null) return error
  for (const name of ['name', 'stack']) {
    const value = textOf(() => read(thrown, name))
    if (value !== undefined) define(error, name, value)
  }
  for (const [name, value] of plainFields(thrown)) define(error, name, value, true)
  if (depth < MAX_CAUSES) addErrorsWithin(error, thrown, depth + 1)
  return error
}

function serversOwn(thrown: unknown): Error | undefined {
  if (thrown instanceof StorageError) return thrown
  const coded = asStatusError(thrown)
  if (coded === undefined) return undefined
  const isPlain = Object.values(coded.status.params).every((value) => isPrimitive(value))
  // One without an instance: its params are copied.
  return isPlain ? coded : asStatusError({ name: coded.name, status: coded.status })
}

function plainFields(thrown: object): [string, unknown][] {
  const fields: [string, unknown][] = []
  try {
    for (const name of Object.keys(thrown)) {
      if (fields.length === MAX_FIELDS) break
      const value = readSafely(thrown, name)
      if (name in Error.prototype || name === 'stack' || !isPrimitive(value)) continue
      fields.push([name, typeof value === 'string' ? value.slice(0, MAX_TEXT) : value])
    }
  } catch {
    // A proxy that does not tell its keys.
  }
  return fields
}

function addErrorsWithin(error: Error, thrown: object, depth: number): void {
  const cause = readSafely(thrown, 'cause')
  if (cause !== undefined && cause !== null) define(error, 'cause', takeError(cause, depth))
  const errors = readSafely(thrown, 'errors')
  if (Array.isArray(errors) && errors.length > 0)
    define(
      error,
      'errors',
      errors.slice(0, MAX_FIELDS).map((each) => takeError(each, MAX_CAUSES)),
    )
}

function define(error: Error, name: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, name, { value, enumerable, configurable: true, writable: true })
}

/** The text, cut off; `undefined` if it cannot be read or is no text. */
function textOf(get: () => unknown): string | undefined {
  try {
    const text = get()
    return typeof text === 'string' ? text.slice(0, MAX_TEXT) : undefined
  } catch {
    return undefined
  }
}

function read(object: object, name: string): unknown {
  return Reflect.get(object, name)
}

function readSafely(object: object, name: string): unknown {
  try {
    return read(object, name)
  } catch {
    return undefined
  }
}

function isPrimitive(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
