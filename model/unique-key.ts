import type { Attribute, Class, UniqueKey } from './documents.ts'
import { core } from './identifiers.ts'
import { invalidModel } from './invalid-model.ts'
import { isFields, isReservedKey } from './json-value.ts'

/** Attributes of one key. */
const MAX_FIELDS = 8

/** Types whose values may be arrays or objects, which have no single key. */
const severalValues: ReadonlySet<string> = new Set([core.class.ArrOf, core.class.TypeAny])

/** The keys that a class declares itself. */
export function uniqueKeysOf({ unique }: Pick<Class, 'unique'>): readonly UniqueKey[] {
  return unique ?? []
}

/** @throws StatusError InvalidTransaction */
export function verifyUniqueShape(unique: unknown, _id: string): void {
  if (!Array.isArray(unique) || !unique.every(isKey))
    throw invalidModel('unique must be a list of {fields: names of attributes, where?: a query}', _id)
}

/**
 * Arrays and values of any type are refused where they are declared.
 * @throws StatusError InvalidTransaction
 */
export function verifyUniqueTypes(
  declared: Pick<Class, '_id' | 'unique'>,
  attributeNamed: (name: string) => Attribute | undefined,
): void {
  for (const { fields } of uniqueKeysOf(declared)) {
    const wrong = fields.find((field) => severalValues.has(attributeNamed(field)?.type._class ?? ''))
    if (wrong !== undefined)
      throw invalidModel(`${wrong} cannot be unique, as its value may be an array`, declared._id)
  }
}

function isKey(key: unknown): boolean {
  if (!isFields(key)) return false
  const { fields, where } = key
  if (where !== undefined && !isFields(where)) return false
  if (!Array.isArray(fields) || fields.length === 0 || fields.length > MAX_FIELDS) return false
  return fields.every(isName) && new Set(fields).size === fields.length
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && !isReservedKey(name) && !/^$|[.$]/.test(name)
}
