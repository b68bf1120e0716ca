import type { Attribute, Enum, Ref, Type } from './documents.ts'
import { core } from './identifiers.ts'
import { isFields } from './json-value.ts'
import { StatusError } from './status.ts'

/** Finds enums by id. */
interface Enums {
  findEnum: (id: string) => Enum | undefined
}

type Primitive = 'string' | 'number' | 'boolean'

const primitives: ReadonlyMap<string, Primitive> = new Map<string, Primitive>([
  [core.class.TypeString, 'string'],
  [core.class.TypeMarkup, 'string'],
  [core.class.TypeRank, 'string'],
  [core.class.RefTo, 'string'],
  [core.class.TypeNumber, 'number'],
  [core.class.TypeTimestamp, 'number'],
  [core.class.TypeDate, 'number'],
  [core.class.Collection, 'number'],
  [core.class.TypeBoolean, 'boolean'],
])

/** The expected type if the value does not have it; `undefined` if it does. Unknown types accept any value. */
export function checkType(enums: Enums, type: Type, value: unknown): string | undefined {
  const primitive = primitives.get(type._class)
  if (primitive !== undefined) return typeof value === primitive ? undefined : primitive
  if (type._class === core.class.ArrOf) return checkArray(enums, type.of, value)
  if (type._class === core.class.EnumOf) return checkEnum(enums, type.of, value)
  return undefined
}

function checkArray(enums: Enums, of: Type['of'], value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'array'
  if (!isType(of)) return undefined
  for (const item of value) {
    const expected = item === null ? undefined : checkType(enums, of, item)
    if (expected !== undefined) return `array of ${expected}`
  }
  return undefined
}

/** An enum that the model does not contain accepts any string. */
function checkEnum(enums: Enums, of: Type['of'], value: unknown): string | undefined {
  if (typeof value !== 'string') return 'string'
  const values = typeof of === 'string' ? enums.findEnum(of)?.enumValues : undefined
  return values === undefined || values.includes(value) ? undefined : `one of ${values.join(', ')}`
}

function isType(of: Type | Ref | undefined): of is Type {
  return isFields(of)
}

/** Header fields are not among the attributes of a creation. */
const headerNames: ReadonlySet<string> = new Set([
  '_id',
  '_class',
  'space',
  'modifiedBy',
  'modifiedOn',
  'createdBy',
  'createdOn',
])

/**
 * Checks one value against its attribute.
 *
 * @throws StatusError `core:status:MissingAttribute`, `core:status:InvalidAttribute`
 */
export function checkAttribute(enums: Enums, attribute: Attribute, value: unknown): void {
  const { attributeOf: _class, name } = attribute
  if (value === undefined || value === null) {
    const missing = attribute.required === true && !headerNames.has(name)
    if (missing) throw new StatusError('core:status:MissingAttribute', { _class, attribute: name })
    return
  }
  const expected = checkType(enums, attribute.type, value)
  if (expected === undefined) return
  throw new StatusError('core:status:InvalidAttribute', { _class, attribute: name, expected })
}
