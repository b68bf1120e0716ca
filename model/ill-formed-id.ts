import { isFields, type Fields } from './json-value.ts'

/** The fields of a transaction that contain ids. */
const idNames = [
  '_id',
  'space',
  'modifiedBy',
  'objectId',
  'objectClass',
  'objectSpace',
  'collection',
  'mixin',
  'attachedTo',
  'attachedToClass',
] as const

/**
 * The field of a transaction, or of an inner one, whose id contains a lone surrogate. Such an id is rejected:
 * replacing the surrogate with U+FFFD would result in another id.
 */
export function illFormedId(tx: Fields): string | undefined {
  const own = idNames.find((name) => isIllFormed(tx[name]))
  if (own !== undefined) return own
  const inner: unknown[] = Array.isArray(tx['txes']) ? tx['txes'] : [tx['tx']]
  for (const each of inner) {
    const name = isFields(each) ? illFormedId(each) : undefined
    if (name !== undefined) return name
  }
  return undefined
}

/** Whether a query asks for such an id, alone or among others. */
export function asksForIllFormedId({ _id }: Fields): boolean {
  return isIllFormed(_id) || (isFields(_id) && Object.values(_id).flat().some(isIllFormed))
}

export function isIllFormed(value: unknown): boolean {
  return typeof value === 'string' && !value.isWellFormed()
}
