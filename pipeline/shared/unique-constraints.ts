import type { Class, Doc, Domain, UniqueKey } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { isFields, ownValue } from '../../model/json-value.ts'
import { invalidModel } from '../../model/invalid-model.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { Condition, FindPlan, Path } from '../../model/query/plan.ts'
import { compileCondition } from '../../model/query/predicate.ts'
import { StatusError } from '../../model/status.ts'
import { uniqueKeysOf } from '../../model/unique-key.ts'
import { needsStorage } from './needs-storage.ts'
import { plainPlan } from './plain-plan.ts'

/** The value of one attribute of a key. */
type KeyValue = string | number | boolean

/** The values of a document, as one text: that of another constraint or of other values is different. */
export interface HeldKey {
  text: string
  values: readonly KeyValue[]
}

/** A unique key of a class, compiled. */
export interface UniqueConstraint {
  /** Identifies the declaration: another one has another name. */
  readonly name: string
  /** The class that declares it. */
  readonly _class: string
  readonly fields: readonly string[]
  readonly domain: Domain
  readonly paths: readonly Path[]
  /** The class, and the query of the declaration. */
  readonly condition: Condition
  /** `undefined`: the document is not meant, or has no value for one of the attributes. */
  keyOf: (doc: Doc) => HeldKey | undefined
}

interface Compiled {
  all: readonly UniqueConstraint[]
  /** By the class of a document. */
  byClass: Map<string, readonly UniqueConstraint[]>
}

const none: readonly UniqueConstraint[] = []
const compiled = new WeakMap<Hierarchy, Compiled>()

/** All constraints of the classes. Those that cannot be compiled, as in an older log, are left out. */
export function uniqueConstraints(hierarchy: Hierarchy): readonly UniqueConstraint[] {
  return compiledOf(hierarchy).all
}

/** Those that a document of the class may be subject to, by its class or by a mixin that it may carry. */
export function constraintsOf(hierarchy: Hierarchy, _class: string): readonly UniqueConstraint[] {
  const { all, byClass } = compiledOf(hierarchy)
  if (all.length === 0) return none
  let found = byClass.get(_class)
  if (found === undefined) {
    const concerns = (owner: string) => hierarchy.isDerived(_class, hierarchy.baseClass(owner))
    found = all.filter(
      ({ _class: owner, domain }) => domain === hierarchy.domainOf(_class) && concerns(owner),
    )
    byClass.set(_class, found)
  }
  return found
}

/** Finds the documents that hold the key. */
export function holdersPlan(constraint: UniqueConstraint, key: HeldKey): FindPlan {
  const { domain, condition } = constraint
  return plainPlan(domain, { op: 'all-of', conditions: [condition, valuesPlan(constraint, key).condition] })
}

/** Finds the documents with the values of the key, also those that it does not count. */
export function valuesPlan({ domain, paths }: UniqueConstraint, { values }: HeldKey): FindPlan {
  const equal = paths.map((path, at): Condition => ({ op: 'eq', path, value: values[at] ?? null }))
  return plainPlan(domain, { op: 'all-of', conditions: equal })
}

/**
 * Compiles the keys that a class declares.
 * @throws StatusError InvalidQuery for a wrong query, InvalidTransaction for one that needs other documents
 */
export function compileKeys(hierarchy: Hierarchy, declared: Class): UniqueConstraint[] {
  return uniqueKeysOf(declared).map((key) => compile(hierarchy, declared, key))
}

function compiledOf(hierarchy: Hierarchy): Compiled {
  let known = compiled.get(hierarchy)
  if (known === undefined)
    compiled.set(hierarchy, (known = { all: compileAll(hierarchy), byClass: new Map() }))
  return known
}

function compileAll(hierarchy: Hierarchy): readonly UniqueConstraint[] {
  const declared = [...hierarchy.classes()].map((id) => hierarchy.getClass(id))
  return declared
    .filter(({ unique }) => unique !== undefined)
    .flatMap((each) => {
      try {
        return compileKeys(hierarchy, each)
      } catch (error) {
        if (error instanceof StatusError) return []
        throw error
      }
    })
}

function compile(hierarchy: Hierarchy, { _id }: Class, { fields, where = {} }: UniqueKey): UniqueConstraint {
  const { domain, condition } = planFind(hierarchy, _id, where, {})
  if (needsStorage(condition)) throw invalidModel('the query of a unique key cannot join or search', _id)
  const name = JSON.stringify([_id, fields, where])
  const matches = compileCondition(condition)
  const attributes = hierarchy.attributes(_id)
  const paths = fields.map((field) => {
    const attribute = attributes.get(field)
    return attribute === undefined ? [field] : hierarchy.pathOf(attribute)
  })
  return {
    name,
    _class: _id,
    fields,
    domain,
    paths,
    condition,
    keyOf: (doc) => {
      const values = valuesOf(doc, paths)
      return values !== undefined && matches(doc)
        ? { text: `${name}${JSON.stringify(values)}`, values }
        : undefined
    },
  }
}

function valuesOf(doc: Doc, paths: readonly Path[]): KeyValue[] | undefined {
  const values: KeyValue[] = []
  for (const path of paths) {
    const value = path.reduce<unknown>(
      (inner, name) => (isFields(inner) ? ownValue(inner, name) : undefined),
      doc,
    )
    // A value that was restored may be of any type.
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
    values.push(value)
  }
  return values
}
