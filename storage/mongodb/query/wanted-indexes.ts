import { createHash } from 'node:crypto'
import type { Domain } from '../../../model/documents.ts'
import type { DomainSchema, IndexSchema } from '../../contract.ts'
import { distinctByKey, type Key, type WantedIndex } from '../driver/collection-indexes.ts'
import { fieldPath } from '../driver/escape.ts'
import type { MixedTypeFields } from './mixed-type-fields.ts'

/** Indexes of every domain: by class, and by space. */
const defaults: readonly WantedIndex[] = [
  {
    name: 'by_class',
    key: new Map([
      ['_class', 1],
      ['_id', 1],
    ]),
  },
  {
    name: 'by_space',
    key: new Map([
      ['space', 1],
      ['_class', 1],
      ['_id', 1],
    ]),
  },
]

/** The indexes of a domain's collection: distinct keys, and none that would reject a document. */
export function wantedIndexes(
  { domain, indexes }: DomainSchema,
  prefix: string,
  mixedTypeFields: MixedTypeFields,
): WantedIndex[] {
  const own = domain === 'tx' ? [] : defaults
  const declared = indexes
    .filter((index) => !isParallel(domain, index, mixedTypeFields))
    .flatMap((index) => describe(index, prefix))
  return distinctByKey([...own, ...declared])
}

/** MongoDB rejects a document with arrays in two fields of one index. */
export function isParallel(domain: Domain, index: IndexSchema, mixedTypeFields: MixedTypeFields): boolean {
  return index.keys.filter(({ path }) => mixedTypeFields.mayHaveArrays(domain, path)).length > 1
}

export function nameOf(index: IndexSchema): string {
  return `ix_${createHash('sha256').update(JSON.stringify(index.keys)).digest('hex').slice(0, 16)}`
}

/** Whether the name is one that this storage gives to indexes. */
export function isOwnName(name: string): boolean {
  return name.startsWith('ix_') || name.startsWith('by_')
}

/** The declared keys, then `_id`, so that a page sorted by them needs no sorting. */
function describe(index: IndexSchema, prefix: string): WantedIndex[] {
  const key = new Map<string, 1 | -1>()
  for (const { path, order } of index.keys) {
    const field = fieldPath(path)
    if (field === undefined) return []
    key.set(prefix + field, order)
  }
  if (key.size === 0) return []
  if (!key.has(`${prefix}_id`)) key.set(`${prefix}_id`, 1)
  return [{ name: nameOf(index), key: key satisfies Key }]
}
