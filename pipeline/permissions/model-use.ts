import type { Attribute, Class, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentChange } from '../../model/transactions.ts'

/** Where documents are counted. */
interface Documents {
  count: (plan: FindPlan) => Promise<number>
}

/**
 * A class that has documents keeps its domain and who sees them, is not removed, and gets no required attribute
 * without a default: the documents could not be read, or not be changed, any more.
 * @throws StatusError ModelInUse
 */
export async function checkModelUse(
  documents: Documents,
  hierarchies: { before: Hierarchy; after: Hierarchy },
  change: DocumentChange,
): Promise<void> {
  const { before, after } = hierarchies
  const shape = change.after ?? change.before
  if (shape?._class === core.class.Attribute) {
    const attribute = change.after as Attribute | undefined
    if (attribute !== undefined && isDemanding(attribute, change.before as Attribute | undefined))
      await refuseUsed(documents, before, attribute.attributeOf, 'a required attribute without a default')
    return
  }
  if (change.before === undefined || before.findClass(change.before._id) === undefined) return
  for (const _class of before.descendants(change.before._id)) {
    const reason = reasonOf(before, after, _class)
    if (reason !== undefined) await refuseUsed(documents, before, _class, reason)
  }
}

function isDemanding(attribute: Attribute, before: Attribute | undefined): boolean {
  const isNew = before?.required !== true || before.attributeOf !== attribute.attributeOf
  return attribute.required === true && attribute.defaultValue === undefined && isNew
}

function reasonOf(before: Hierarchy, after: Hierarchy, _class: Ref<Class>): string | undefined {
  const known = after.findClass(_class)
  if (known === undefined) return 'the class is removed'
  if (known.kind !== before.getClass(_class).kind) return 'the class is of another kind'
  if (after.domainOf(_class) !== before.domainOf(_class)) return 'the domain changes'
  if (after.creatorsOnly().has(_class) !== before.creatorsOnly().has(_class)) return 'who sees them changes'
  const isSame = String(after.ancestors(_class)) === String(before.ancestors(_class))
  return isSame ? undefined : 'the class derives from another'
}

async function refuseUsed(
  documents: Documents,
  hierarchy: Hierarchy,
  _class: Ref<Class>,
  message: string,
): Promise<void> {
  if (hierarchy.findClass(_class) === undefined || hierarchy.domainOf(_class) === undefined) return
  const plan = planFind(hierarchy, _class, {}, {})
  if ((await documents.count(plan)) === 0) return
  throw new StatusError('core:status:ModelInUse', { _class, message })
}
