import { type Attribute, type Class, ClassKind, type Ref, type Unchecked } from '../../model/documents.ts'
import { isAttribute } from '../../model/document-guards.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains, pluginOf, serverPlugins } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentChange } from '../../model/transactions.ts'

/** Counts documents. */
interface Documents {
  count: (plan: FindPlan) => Promise<number>
}

/**
 * A class with documents keeps its domain, is not removed, and gets no required attribute without a default: its
 * documents would become unreadable or immutable. The visibility and the ancestors of a class never change, even
 * without documents: the log contains former ones.
 * @throws StatusError ModelInUse
 */
export async function checkModelUse(
  documents: Documents,
  hierarchies: { before: Hierarchy; after: Hierarchy },
  change: DocumentChange,
): Promise<void> {
  const { before, after } = hierarchies
  const shape = change.after ?? change.before
  if (shape !== undefined && isAttribute(shape)) {
    if (change.after !== undefined && isDemanding(shape, change.before))
      await refuseUsed(documents, before, shape.attributeOf, 'a required attribute without a default')
    return
  }
  if (change.before === undefined || before.findClass(change.before._id) === undefined) return
  for (const _class of before.descendants(change.before._id)) {
    const lasting = lastingReason(before, after, _class)
    if (lasting !== undefined) throw inUse(_class, lasting)
    const reason = reasonOf(before, after, _class)
    if (reason !== undefined) await refuseUsed(documents, before, _class, reason)
  }
}

function isDemanding(attribute: Attribute, before: Unchecked<Attribute> | undefined): boolean {
  const isNew = before?.required !== true || before.attributeOf !== attribute.attributeOf
  return attribute.required === true && attribute.defaultValue === undefined && isNew
}

function reasonOf(before: Hierarchy, after: Hierarchy, _class: Ref<Class>): string | undefined {
  const known = after.findClass(_class)
  if (known === undefined) return 'the class is removed'
  if (known.kind !== before.getClass(_class).kind) return 'the class is of another kind'
  if (after.domainOf(_class) !== before.domainOf(_class)) return 'the domain changes'
  return undefined
}

function lastingReason(before: Hierarchy, after: Hierarchy, _class: Ref<Class>): string | undefined {
  if (after.findClass(_class) === undefined) return undefined
  if (after.creatorsOnly().has(_class) !== before.creatorsOnly().has(_class)) return 'the visibility changes'
  const isSame = String(after.ancestors(_class)) === String(before.ancestors(_class))
  return isSame ? undefined : 'the class derives from another one'
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
  throw inUse(_class, message)
}

function inUse(_class: Ref<Class>, message: string): StatusError {
  return new StatusError('core:status:ModelInUse', { _class, message })
}

/** Classes of the server that people may extend. */
const open: ReadonlySet<string> = new Set([
  core.class.Obj,
  core.class.Doc,
  core.class.AttachedDoc,
  core.class.Space,
  core.class.Preference,
])

/**
 * Why people may not create this class. Documents of a class derived from another class of the server would count as
 * the server's own. Ids of spaces are unique within one domain only. The id of a mixin must not equal the name of an
 * attribute.
 */
export function derivationFlaw(hierarchy: Hierarchy, _class: string): string | undefined {
  const kind = hierarchy.findClass(_class)?.kind
  if (kind === undefined) return undefined
  if (!/^[^:]+:[^:]+:./.test(_class)) return 'the id of a class must be plugin:kind:Name'
  if (kind !== ClassKind.Class) return undefined
  const closed = hierarchy
    .ancestors(_class)
    .find((ancestor) => serverPlugins.has(pluginOf(ancestor)) && !open.has(ancestor))
  if (closed !== undefined) return `classes must not derive from ${closed}`
  const isSpace = hierarchy.isDerived(_class, core.class.Space)
  return isSpace && hierarchy.domainOf(_class) !== domains.space
    ? 'spaces must be in the domain of spaces'
    : undefined
}
