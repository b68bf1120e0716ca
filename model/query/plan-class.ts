import { ClassKind, type Domain } from '../documents.ts'
import type { Hierarchy } from '../hierarchy.ts'
import { invalidQuery } from './invalid-query.ts'
import type { Condition, Path } from './plan.ts'

export interface ClassPlan {
  domain: Domain
  condition: Condition
}

/** The domain of a class, and the condition that a document in it is of the class. */
export function planClass(hierarchy: Hierarchy, _class: string): ClassPlan {
  const { kind } = hierarchy.getClass(_class)
  const domain = kind === ClassKind.Interface ? sharedDomain(hierarchy, _class) : hierarchy.domainOf(_class)
  if (domain === undefined) throw invalidQuery('the class has no domain', { _class })
  const root = kind === ClassKind.Mixin ? hierarchy.baseClass(_class) : _class
  const isOfClass = classCondition(concreteClasses(hierarchy, root, domain))
  if (kind !== ClassKind.Mixin) return { domain, condition: isOfClass }
  const carries: Condition = { op: 'exists', path: [_class], value: true }
  return { domain, condition: { op: 'all-of', conditions: [isOfClass, carries] } }
}

/** Paths of the full-text attributes of the class, its descendants and their mixins, within its domain. */
export function searchPaths(hierarchy: Hierarchy, _class: string): Path[] {
  const root = hierarchy.isMixin(_class) ? hierarchy.baseClass(_class) : _class
  const { domain } = planClass(hierarchy, _class)
  const family = hierarchy.descendants(root).filter((id) => hierarchy.domainOf(id) === domain)
  const attributes = family.flatMap((id) => [...hierarchy.attributes(id).values()])
  const searched = attributes.filter((attribute) => attribute.fullText === true)
  return [...new Set(searched)].map((attribute) => hierarchy.pathOf(attribute))
}

/** Classes of documents in the domain: no mixins, no interfaces, and no descendants with a domain of their own. */
function concreteClasses(hierarchy: Hierarchy, root: string, domain: Domain): string[] {
  return hierarchy
    .descendants(root)
    .filter((id) => hierarchy.getClass(id).kind === ClassKind.Class && hierarchy.domainOf(id) === domain)
}

function classCondition(classes: readonly string[]): Condition {
  const [only] = classes
  if (classes.length === 1 && only !== undefined) return { op: 'eq', path: ['_class'], value: only }
  return { op: 'in', path: ['_class'], values: [...classes] }
}

/** An interface can be queried if all classes that implement it share a domain. */
function sharedDomain(hierarchy: Hierarchy, _class: string): Domain | undefined {
  const domains = new Set(hierarchy.descendants(_class).flatMap((id) => hierarchy.domainOf(id) ?? []))
  return domains.size === 1 ? [...domains][0] : undefined
}
