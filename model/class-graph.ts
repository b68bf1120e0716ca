import { brand } from './brand.ts'
import {
  ClassKind,
  type Attribute,
  type Class,
  type ClassId,
  type Domain,
  type Enum,
  type Ref,
} from './documents.ts'
import { FixedMap, FixedSet } from './fixed-collections.ts'
import { invalidModel, unknownClass } from './invalid-model.ts'
import { isReservedKey } from './json-value.ts'
import { verifyUniqueShape } from './unique-key.ts'

export type Classes = ReadonlyMap<string, Class>

/** Throws if the class would break the hierarchy. */
export function verifyClass(candidate: Class, classes: Classes): void {
  if (![ClassKind.Class, ClassKind.Interface, ClassKind.Mixin].includes(candidate.kind)) {
    throw invalidModel('unknown kind of class', candidate._id)
  }
  if (isReservedKey(candidate._id) || /[.$]/.test(candidate._id)) {
    throw invalidModel('invalid identifier of a class', candidate._id)
  }
  verifyShape(candidate)
  const parents = parentsOf(candidate)
  for (const parent of parents)
    if (parent !== candidate._id && !classes.has(parent)) throw unknownClass(parent)
  const lineage = parents.flatMap((parent) => [...ancestorsOf(parent, classes)])
  if (lineage.includes(candidate._id))
    throw invalidModel('the class would be its own ancestor', candidate._id)
  verifyKinds(candidate, classes)
}

/**
 * Checks the fields from which storage and permissions are derived. A wrong type there would prevent the workspace
 * from opening.
 */
function verifyShape(candidate: Class): void {
  const fields: { [K in keyof Class]: unknown } = candidate
  const { domain, visibleTo, accents, strict, indexes, unique } = fields
  const { _id } = candidate
  if (parentsOf(candidate).some((parent: unknown) => typeof parent !== 'string'))
    throw invalidModel('extends and implements must be ids of classes', _id)
  if (domain !== undefined && !(typeof domain === 'string' && /^[a-z][a-z0-9_-]{0,63}$/i.test(domain)))
    throw invalidModel('a domain consists of letters, digits, dashes and underscores', _id)
  if (visibleTo !== undefined && visibleTo !== 'creator')
    throw invalidModel('visibleTo must be creator or omitted', _id)
  if (accents !== undefined && accents !== 'distinct')
    throw invalidModel('accents must be distinct or omitted', _id)
  if (strict !== undefined && typeof strict !== 'boolean') throw invalidModel('strict is a boolean', _id)
  if (indexes !== undefined && !(Array.isArray(indexes) && indexes.every(isIndex)))
    throw invalidModel('indexes must be lists of [path, 1 or -1]', _id)
  if (unique !== undefined) verifyUniqueShape(unique, _id)
}

function isIndex(keys: unknown): boolean {
  return (
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every((key: unknown) => {
      if (!Array.isArray(key) || key.length !== 2) return false
      const [path, order]: unknown[] = key
      return typeof path === 'string' && path !== '' && (order === 1 || order === -1)
    })
  )
}

export function verifyEnum({ _id, enumValues }: Enum): void {
  const values: unknown = enumValues
  if (!Array.isArray(values) || values.some((value) => typeof value !== 'string'))
    throw invalidModel('the values of an enum must be strings', _id)
}

/** A mixin extends a class or a mixin, a class extends a class, an interface extends an interface. */
function verifyKinds(candidate: Class, classes: Classes): void {
  const base = candidate.extends === undefined ? undefined : classes.get(candidate.extends)
  const fits = base === undefined ? candidate.kind !== ClassKind.Mixin : mayExtend(candidate.kind, base.kind)
  if (!fits) throw invalidModel('the class extends one of another kind', candidate._id)
}

function mayExtend(kind: ClassKind, base: ClassKind): boolean {
  return kind === base || (kind === ClassKind.Mixin && base === ClassKind.Class)
}

export function verifyAttribute(attribute: Attribute, classes: Classes): void {
  if (!classes.has(attribute.attributeOf)) throw unknownClass(String(attribute.attributeOf))
  if (typeof attribute.name !== 'string' || isReservedKey(attribute.name) || /^$|[.$]/.test(attribute.name)) {
    throw invalidModel('invalid name of an attribute', attribute._id)
  }
  if (typeof attribute.type?._class !== 'string')
    throw invalidModel('the attribute has no type', attribute._id)
}

/** The `extends` of an interface may be an array in models of existing clients. */
function parentsOf(child: Class): Ref<Class>[] {
  return [child.extends ?? [], child.implements ?? []].flat()
}

/** Ancestors by distance, the nearest first. */
function ancestorsOf(id: string, classes: Classes): ReadonlySet<string> {
  const found = new Set([id])
  for (const child of found) {
    const known = classes.get(child)
    if (known !== undefined) for (const parent of parentsOf(known)) found.add(parent)
  }
  return found
}

/**
 * Caches what follows from the classes. Discarded when a class changes. Modules get what it returns, so none of it can
 * be changed.
 */
export class ClassGraph {
  readonly #classes: ReadonlyMap<string, Class>
  readonly #attributes: ReadonlyMap<string, Attribute>
  readonly #ancestors = new Map<string, ReadonlySet<string>>()
  readonly #descendants = new Map<string, readonly Ref<Class>[]>()
  readonly #strict = new Map<string, boolean>()
  readonly #inherited = new Map<string, ReadonlyMap<string, Attribute>>()
  #children: Map<string, Ref<Class>[]> | undefined
  #own: ReadonlyMap<string, ReadonlyMap<string, Attribute>> | undefined
  #domains: ReadonlyMap<Domain, readonly Ref<Class>[]> | undefined
  #creatorsOnly: ReadonlySet<ClassId> | undefined
  #accented: ReadonlySet<ClassId> | undefined

  constructor(classes: ReadonlyMap<string, Class>, attributes: ReadonlyMap<string, Attribute>) {
    this.#classes = classes
    this.#attributes = attributes
  }

  ancestorSet(id: string): ReadonlySet<string> {
    return remember(this.#ancestors, id, () => ancestorsOf(id, this.#classes))
  }

  descendants(id: string): readonly Ref<Class>[] {
    return remember(this.#descendants, id, () => {
      const found = new Set([brand<Class>(id)])
      for (const parent of found) for (const child of this.#childrenOf(parent)) found.add(child)
      return Object.freeze([...found])
    })
  }

  domain(id: string): Domain | undefined {
    for (const ancestor of this.ancestorSet(id)) {
      const domain = this.#classes.get(ancestor)?.domain
      if (typeof domain === 'string') return domain
    }
    return undefined
  }

  /** The nearest ancestor with the option decides. */
  isStrict(id: string): boolean {
    return remember(this.#strict, id, () => {
      for (const ancestor of this.ancestorSet(id)) {
        const strict = this.#classes.get(ancestor)?.strict
        if (typeof strict === 'boolean') return strict
      }
      return false
    })
  }

  attributes(id: string): ReadonlyMap<string, Attribute> {
    return remember(this.#inherited, id, () => {
      const farthestFirst = [...this.ancestorSet(id)].reverse()
      return new FixedMap(farthestFirst.flatMap((ancestor) => [...this.ownAttributes(ancestor)]))
    })
  }

  ownAttributes(id: string): ReadonlyMap<string, Attribute> {
    this.#own ??= groupAttributes(this.#attributes.values())
    return this.#own.get(id) ?? noAttributes
  }

  /** Classes whose documents are visible to their creator only. */
  creatorsOnly(): ReadonlySet<ClassId> {
    this.#creatorsOnly ??= this.#families(({ visibleTo }) => visibleTo === 'creator')
    return this.#creatorsOnly
  }

  /** Classes for whose documents full-text search distinguishes accented letters. */
  accented(): ReadonlySet<ClassId> {
    this.#accented ??= this.#families(({ accents }) => accents === 'distinct')
    return this.#accented
  }

  /** The matching classes and their descendants. */
  #families(isMeant: (declared: Class) => boolean): ReadonlySet<ClassId> {
    return new FixedSet<ClassId>(
      [...this.#classes.values()].filter(isMeant).flatMap(({ _id }) => this.descendants(_id)),
    )
  }

  domains(): ReadonlyMap<Domain, readonly Ref<Class>[]> {
    this.#domains ??= this.#groupByDomain()
    return this.#domains
  }

  #groupByDomain(): ReadonlyMap<Domain, readonly Ref<Class>[]> {
    const groups = new Map<Domain, Ref<Class>[]>()
    for (const { _id, kind } of this.#classes.values()) {
      const domain = kind === ClassKind.Interface ? undefined : this.domain(_id)
      if (domain !== undefined) remember(groups, domain, () => []).push(_id)
    }
    for (const group of groups.values()) Object.freeze(group)
    return new FixedMap(groups)
  }

  #childrenOf(id: string): readonly Ref<Class>[] {
    this.#children ??= groupChildren(this.#classes.values())
    return this.#children.get(id) ?? []
  }
}

const noAttributes: ReadonlyMap<string, Attribute> = new FixedMap<string, Attribute>([])

function groupChildren(classes: Iterable<Class>): Map<string, Ref<Class>[]> {
  const children = new Map<string, Ref<Class>[]>()
  for (const child of classes) {
    for (const parent of parentsOf(child)) remember(children, parent, () => []).push(child._id)
  }
  return children
}

function groupAttributes(
  attributes: Iterable<Attribute>,
): ReadonlyMap<string, ReadonlyMap<string, Attribute>> {
  const groups = new Map<string, Map<string, Attribute>>()
  for (const attribute of attributes) {
    remember(groups, attribute.attributeOf, () => new Map<string, Attribute>()).set(attribute.name, attribute)
  }
  return new Map([...groups].map(([_class, own]) => [_class, new FixedMap(own)]))
}

function remember<K, V>(cache: Map<K, V>, key: K, make: () => V): V {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}
