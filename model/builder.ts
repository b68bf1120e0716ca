import type { AttributeDeclaration } from './attribute-types.ts'
import type { ClassRef, EnumRef } from './class-ref.ts'
import { brand } from './brand.ts'
import {
  ClassKind,
  type Class,
  type CompoundIndex,
  type Doc,
  type Domain,
  type Ref,
  type UniqueKey,
} from './documents.ts'
import { core } from './identifiers.ts'
import type { TxCreateDoc } from './transactions.ts'

export type AttributeDeclarations = Record<string, AttributeDeclaration>

type PresentKeys<A> = {
  [K in keyof A]: A[K] extends AttributeDeclaration<unknown, infer P> ? (P extends true ? K : never) : never
}[keyof A]
type ValueOf<D> = D extends AttributeDeclaration<infer T> ? T : never

/** The fields of documents with these attributes. */
export type AttributesOf<A> = { [K in PresentKeys<A> & keyof A]: ValueOf<A[K]> } & {
  [K in Exclude<keyof A, PresentKeys<A>>]?: ValueOf<A[K]> | null
}

export interface ClassOptions<B extends Doc, A extends AttributeDeclarations> {
  /** The parent class. Only `core:class:Obj` and interfaces have none. */
  extends?: ClassRef<B>
  implements?: Ref<Class>[]
  /** The domain of its documents. Inherited if omitted. */
  domain?: Domain
  /** The name of the class if omitted. */
  label?: string
  attributes?: A
  /** `creator`: its documents are visible to their creator only. */
  visibleTo?: 'creator'
  /** `distinct`: full-text search distinguishes accented letters, also in descendants. */
  accents?: 'distinct'
  /**
   * Its documents have only declared fields, an existing space, and an existing parent. The default is the option of
   * the builder. Use `false` for classes with old clients that send undeclared fields.
   */
  strict?: boolean
  /** Indexes over several attributes. */
  indexes?: CompoundIndex[]
  /**
   * Combinations of attributes that no two documents share.
   * @example
   * unique: [{ fields: ['email'], where: { archived: false } }]
   */
  unique?: UniqueKey[]
}

export interface ModelBuilderOptions {
  /** The time of the model, in milliseconds since the Unix epoch. */
  modifiedOn?: number
  /** The default of {@link ClassOptions.strict} for classes and mixins; `true` if omitted. */
  strict?: boolean
}

/** Later than the `lastTxTime` of a client without a model. */
const MODEL_TIME = 1

/**
 * Declares classes, mixins and enums of a plugin, and gives the transactions that make them. The same
 * declarations give the same transactions, ids included.
 *
 * @example
 * const builder = createModelBuilder('board')
 * const Task = builder.class('Task', {
 *   extends: core.class.Doc,
 *   domain: 'task',
 *   attributes: { title: string({ required: true, fullText: true }), votes: number({ default: 0 }) },
 * })
 * type Task = DocumentOf<typeof Task>
 * const model = [...baseModel, ...builder.transactions()]
 */
export function createModelBuilder(plugin: string, options: ModelBuilderOptions = {}): ModelBuilder {
  return new ModelBuilder(plugin, options)
}

export class ModelBuilder {
  readonly #plugin: string
  readonly #modifiedOn: number
  readonly #strict: boolean
  readonly #transactions: TxCreateDoc[] = []

  constructor(plugin: string, { modifiedOn = MODEL_TIME, strict = true }: ModelBuilderOptions) {
    this.#plugin = plugin
    this.#modifiedOn = modifiedOn
    this.#strict = strict
  }

  class<B extends Doc = Doc, const A extends AttributeDeclarations = Record<never, never>>(
    name: string,
    options: ClassOptions<B, A>,
  ): ClassRef<B & AttributesOf<A>> {
    return this.#declare<B & AttributesOf<A>>('class', name, options)
  }

  /** Declares attributes that documents of another class may carry. */
  mixin<B extends Doc, const A extends AttributeDeclarations = Record<never, never>>(
    name: string,
    options: ClassOptions<B, A> & { extends: ClassRef<B> },
  ): ClassRef<B & AttributesOf<A>> {
    return this.#declare<B & AttributesOf<A>>('mixin', name, options)
  }

  interface<B extends Doc = Doc, const A extends AttributeDeclarations = Record<never, never>>(
    name: string,
    options: ClassOptions<B, A>,
  ): ClassRef<B & AttributesOf<A>> {
    return this.#declare<B & AttributesOf<A>>('interface', name, options)
  }

  enum<const V extends string>(name: string, values: readonly V[]): EnumRef<V> {
    // The type parameter exists for the compiler only.
    return this.#create(core.class.Enum, 'enum', name, {
      name,
      enumValues: [...values],
    }) as EnumRef<V>
  }

  /** Any other document of the model, such as a space or a configuration. */
  document(_class: Ref<Class>, kind: string, name: string, attributes: Record<string, unknown>): Ref {
    return this.#create(_class, kind, name, attributes)
  }

  /** In the order of declaration, each class before its attributes. */
  transactions(): TxCreateDoc[] {
    return [...this.#transactions]
  }

  #declare<T extends Doc>(
    kind: ClassWord,
    name: string,
    options: ClassOptions<Doc, AttributeDeclarations>,
  ): ClassRef<T> {
    const { attributes = {}, label = name, ...rest } = options
    const { _class, value } = classWords[kind]
    // Omitted if false, so that the model of existing clients stays the same.
    const strictness = this.#strict && kind !== 'interface' ? { strict: true } : {}
    const own = { kind: value, label, ...strictness, ...rest }
    // The type of its documents follows from the options.
    const id = this.#create(_class, kind, name, own) as ClassRef<T>
    for (const [attribute, declaration] of Object.entries(attributes)) {
      this.#create(core.class.Attribute, 'attribute', `${name}.${attribute}`, {
        attributeOf: id,
        name: attribute,
        ...attributeFields(attribute, declaration),
      })
    }
    return id
  }

  #create(_class: Ref<Class>, kind: string, name: string, attributes: Record<string, unknown>): Ref {
    const objectId = brand(`${this.#plugin}:${kind}:${name}`)
    this.#transactions.push({
      _id: brand(`${this.#plugin}:tx:${kind}-${name}`),
      _class: core.class.TxCreateDoc,
      space: core.space.Tx,
      objectId,
      objectClass: _class,
      objectSpace: core.space.Model,
      modifiedBy: core.account.System,
      modifiedOn: this.#modifiedOn,
      attributes,
    })
    return objectId
  }
}

type ClassWord = 'class' | 'interface' | 'mixin'

const classWords: Record<ClassWord, { _class: Ref<Class>; value: ClassKind }> = {
  class: { _class: core.class.Class, value: ClassKind.Class },
  interface: { _class: core.class.Interface, value: ClassKind.Interface },
  mixin: { _class: core.class.Mixin, value: ClassKind.Mixin },
}

function attributeFields(name: string, { type, options }: AttributeDeclaration): Record<string, unknown> {
  const { label = name, default: defaultValue, ...flags } = options
  return { type, label, ...flags, ...(defaultValue === undefined ? {} : { defaultValue }) }
}
