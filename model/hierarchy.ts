import { applyTransaction, targetOf } from './apply-transaction.ts'
import { brand } from './brand.ts'
import { checkType } from './attribute-check.ts'
import { ClassGraph, verifyAttribute, verifyClass, verifyEnum } from './class-graph.ts'
import { deepFreeze } from './copies.ts'
import {
  ClassKind,
  type Attribute,
  type Class,
  type ClassId,
  type Doc,
  type Domain,
  type Enum,
  type Ref,
} from './documents.ts'
import { isAttribute, isClass, isEnum } from './document-guards.ts'
import { core } from './identifiers.ts'
import { isChange } from './inner-change.ts'
import { invalidModel, unknownClass } from './invalid-model.ts'
import type { Tx } from './transactions.ts'
import { verifyUniqueTypes } from './unique-key.ts'

/** The classes of a workspace, built from its model transactions. The documents that it returns are frozen. */
export class Hierarchy {
  readonly #classes = new Map<string, Class>()
  readonly #attributes = new Map<string, Attribute>()
  readonly #enums = new Map<string, Enum>()
  #graph = new ClassGraph(this.#classes, this.#attributes)
  #isSealed = false

  /** A copy on which transactions can be tried. */
  clone(): Hierarchy {
    const copy = new Hierarchy()
    for (const [id, doc] of this.#classes) copy.#classes.set(id, doc)
    for (const [id, doc] of this.#attributes) copy.#attributes.set(id, doc)
    for (const [id, doc] of this.#enums) copy.#enums.set(id, doc)
    return copy
  }

  /** Nothing is applied any more: it is shared, with modules too. */
  seal(): this {
    this.#isSealed = true
    return this
  }

  /** Applies a model transaction and ignores others. Throws, without a change, if it would break the hierarchy. */
  apply(tx: Tx): void {
    if (this.#isSealed) throw new TypeError('a hierarchy that is in use does not change: clone it')
    if (tx.objectSpace !== core.space.Model || !isChange(tx)) return
    const target = targetOf(tx)
    const before = this.#find(target._id)
    if (before === undefined && !target.created) return
    const after = applyTransaction(before, tx)
    const shape = after ?? before
    if (shape !== undefined) this.#replace(shape, after === undefined)
  }

  /** Ids of all classes, mixins and interfaces. */
  classes(): Iterable<string> {
    return this.#classes.keys()
  }

  findClass(id: string): Class | undefined {
    return this.#classes.get(id)
  }

  /** Throws `UnknownClass`. */
  getClass(id: string): Class {
    const found = this.#classes.get(id)
    if (found === undefined) throw unknownClass(id)
    return found
  }

  findEnum(id: string): Enum | undefined {
    return this.#enums.get(id)
  }

  /** Whether `id` equals `ancestor` or derives from it; false for an unknown class. */
  isDerived(id: string, ancestor: string): boolean {
    return this.#classes.has(id) && this.#graph.ancestorSet(id).has(ancestor)
  }

  /** The class itself, then its ancestors and interfaces, nearest first. */
  ancestors(id: string): readonly Ref<Class>[] {
    this.getClass(id)
    return Array.from(this.#graph.ancestorSet(id), (ancestor) => brand<Class>(ancestor))
  }

  /** The class itself and all classes, mixins and interfaces that derive from it. */
  descendants(id: string): readonly Ref<Class>[] {
    this.getClass(id)
    return this.#graph.descendants(id)
  }

  /** The domain of the nearest ancestor with a domain. */
  domainOf(id: string): Domain | undefined {
    this.getClass(id)
    return this.#graph.domain(id)
  }

  /** Classes whose documents are visible to their creator only. */
  creatorsOnly(): ReadonlySet<ClassId> {
    return this.#graph.creatorsOnly()
  }

  /** Classes for whose documents full-text search distinguishes accented letters. */
  accented(): ReadonlySet<ClassId> {
    return this.#graph.accented()
  }

  /** Whether documents of the class have only declared fields, an existing space, and an existing parent. */
  isStrict(id: string): boolean {
    this.getClass(id)
    return this.#graph.isStrict(id)
  }

  isMixin(id: string): boolean {
    return this.#classes.get(id)?.kind === ClassKind.Mixin
  }

  /** Whether this is a mixin for documents of the class. */
  mayCarry(_class: string, mixin: string): boolean {
    return this.isMixin(mixin) && this.isDerived(_class, this.baseClass(mixin))
  }

  /** The nearest ancestor that is not a mixin: the class whose documents may carry the mixin. */
  baseClass(id: string): Ref<Class> {
    const base = this.ancestors(id).find((ancestor) => this.getClass(ancestor).kind === ClassKind.Class)
    return base ?? brand(id)
  }

  /** Its own and inherited attributes, by name. The nearest one wins. */
  attributes(id: string): ReadonlyMap<string, Attribute> {
    this.getClass(id)
    return this.#graph.attributes(id)
  }

  ownAttributes(id: string): ReadonlyMap<string, Attribute> {
    this.getClass(id)
    return this.#graph.ownAttributes(id)
  }

  /** The path of an attribute in a document: below the mixin's id for an attribute of a mixin. */
  pathOf(attribute: Attribute): readonly string[] {
    return this.isMixin(attribute.attributeOf) ? [attribute.attributeOf, attribute.name] : [attribute.name]
  }

  /** All domains with their classes and mixins. */
  domains(): ReadonlyMap<Domain, readonly Ref<Class>[]> {
    return this.#graph.domains()
  }

  #find(id: string): Doc | undefined {
    return this.#classes.get(id) ?? this.#attributes.get(id) ?? this.#enums.get(id)
  }

  #replace(shape: Doc, isRemoved: boolean): void {
    if (isClass(shape)) this.#replaceClass(shape._id, isRemoved ? undefined : shape)
    else if (isAttribute(shape)) this.#replaceAttribute(shape._id, isRemoved ? undefined : shape)
    else if (isEnum(shape)) this.#replaceEnum(shape._id, isRemoved ? undefined : shape)
  }

  #replaceClass(id: string, after: Class | undefined): void {
    if (after !== undefined) this.#verifyClass(after)
    else if (this.#graph.descendants(id).length > 1) throw invalidModel('the class has descendants', id)
    replace(this.#classes, id, after)
    if (after === undefined) {
      for (const attribute of this.#attributes.values()) {
        if (attribute.attributeOf === id) this.#attributes.delete(attribute._id)
      }
    }
    this.#graph = new ClassGraph(this.#classes, this.#attributes)
  }

  #verifyClass(after: Class): void {
    verifyClass(after, this.#classes)
    if (after.unique === undefined) return
    const lineage = [after._id, after.extends ?? [], after.implements ?? []].flat()
    verifyUniqueTypes(after, (name) => {
      const families = lineage.flatMap((_class) => this.#graph.attributes(_class).get(name) ?? [])
      return families[0]
    })
  }

  #replaceAttribute(id: string, after: Attribute | undefined): void {
    if (after !== undefined) {
      verifyAttribute(after, this.#classes)
      const expected =
        after.defaultValue == null ? undefined : checkType(this, after.type, after.defaultValue)
      if (expected !== undefined) throw invalidModel(`the default is not of type ${expected}`, id)
      for (const declared of this.#classes.values()) {
        if (declared.unique !== undefined && this.isDerived(declared._id, after.attributeOf))
          verifyUniqueTypes(declared, (name) => (name === after.name ? after : undefined))
      }
    }
    replace(this.#attributes, id, after)
    this.#graph = new ClassGraph(this.#classes, this.#attributes)
  }

  #replaceEnum(id: string, after: Enum | undefined): void {
    if (after !== undefined) verifyEnum(after)
    replace(this.#enums, id, after)
  }
}

function replace<T>(docs: Map<string, T>, id: string, after: T | undefined): void {
  if (after === undefined) docs.delete(id)
  else docs.set(id, deepFreeze(after))
}
