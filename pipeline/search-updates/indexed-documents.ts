import type { ClassId, Doc, Domain } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { innerChange } from '../../model/inner-change.ts'
import { touchedFields } from '../../model/touched-fields.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Affected } from '../push/affected.ts'
import type { Permissions } from '../permissions/permissions.ts'
import { storageSchema } from '../shared/storage-schema.ts'

/** Effects of transactions on the full-text index, with the audience of the transaction. */
export function indexedBy(hierarchy: Hierarchy, permissions: Permissions, txes: Iterable<TxCUD>): Affected[] {
  const found: Affected[] = []
  for (const tx of txes) {
    if (!touchesText(hierarchy, tx)) continue
    const audience = permissions.narrowed(permissions.audienceOfLogEntry(tx))
    found.push({ _class: innerChange(tx).objectClass, audience })
  }
  return found
}

/** Effects of restored documents on the full-text index. */
export function indexedAsRestored(
  hierarchy: Hierarchy,
  permissions: Permissions,
  docs: readonly Doc[],
): Affected[] {
  return docs.flatMap((doc) => {
    const fields = textFieldsOf(hierarchy, doc._class)
    if (!Object.keys(doc).some((field) => fields.has(field))) return []
    return [{ _class: doc._class, audience: permissions.narrowed(permissions.audienceOf(undefined, doc)) }]
  })
}

function touchesText(hierarchy: Hierarchy, tx: TxCUD): boolean {
  const change = innerChange(tx)
  const fields = textFieldsOf(hierarchy, change.objectClass)
  if (fields.size === 0) return false
  const isText = (field: string) => fields.has(field)
  switch (change._class) {
    case 'core:class:TxCreateDoc':
      return Object.keys(change.attributes).some(isText)
    case 'core:class:TxUpdateDoc': {
      const touched = touchedFields(change.operations)
      // A moved document gets other readers.
      return touched.has('space') || [...touched].some(isText)
    }
    case 'core:class:TxMixin':
      return isText(change.mixin)
    default:
      return change._class === 'core:class:TxRemoveDoc'
  }
}

type TextFields = ReadonlyMap<Domain, ReadonlySet<string>>

const known = new WeakMap<Hierarchy, TextFields>()
const none: ReadonlySet<string> = new Set()

/** Searched fields in the domain of the class, as in the storage schema; mixins by their ids. */
function textFieldsOf(hierarchy: Hierarchy, _class: ClassId): ReadonlySet<string> {
  if (hierarchy.findClass(_class) === undefined) return none
  const domain = hierarchy.domainOf(_class)
  if (domain === undefined) return none
  const fields = known.get(hierarchy) ?? declaredBy(hierarchy)
  known.set(hierarchy, fields)
  return fields.get(domain) ?? none
}

function declaredBy(hierarchy: Hierarchy): TextFields {
  const { domains } = storageSchema(hierarchy)
  return new Map(
    domains.map(({ domain, fullText }) => [domain, new Set(fullText.flatMap(([head]) => head ?? []))]),
  )
}
