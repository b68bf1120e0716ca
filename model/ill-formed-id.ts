import { isFields, type Fields } from './json-value.ts'

/** What a transaction names things by. */
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
 * The field of a transaction, or of one inside, whose id has half a surrogate pair. Such an id is refused: under U+FFFD it would
 * be another one.
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

/** Whether a query asks for such an id, or for one of several. */
export function asksForIllFormedId({ _id }: Fields): boolean {
  return isIllFormed(_id) || (isFields(_id) && Object.values(_id).flat().some(isIllFormed))
}

export function isIllFormed(value: unknown): boolean {
  return typeof value === 'string' && !value.isWellFormed()
}
