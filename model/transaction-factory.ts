import type { Account, AttachedDoc, Class, Doc, Ref, Space } from './documents.ts'
import type { ClassRef } from './class-ref.ts'
import { brand } from './brand.ts'
import { core } from './identifiers.ts'
import type {
  Tx,
  TxCollectionCUD,
  TxCreateDoc,
  TxCUD,
  TxMeta,
  TxRemoveDoc,
  TxMixin,
  TxUpdateDoc,
  UpdateOperations,
} from './transactions.ts'

/** Where a document is: enough to change it. */
export type DocumentPlace = Pick<Doc, '_id' | '_class' | 'space'>

/** Where an attached document is. */
export type AttachedPlace = DocumentPlace & Pick<AttachedDoc, 'attachedTo' | 'attachedToClass' | 'collection'>

export interface Signature {
  /** The space the transactions are in: those in DerivedTx are hidden from queries of the log. */
  space: Ref<Space>
  modifiedBy: Ref<Account>
  /** Milliseconds since the Unix epoch. */
  modifiedOn: number
  meta?: TxMeta | undefined
}

type Attributes<T extends Doc, Header extends PropertyKey> = Partial<Omit<T, Header>> &
  Record<string, unknown>

interface CreateOptions {
  /** A generated one when left out. */
  _id?: Ref
  /** Who signs when left out. */
  createdBy?: Ref<Account>
}

/** Makes transactions that are signed and timed alike. */
export class TransactionFactory {
  readonly #generateId: () => string
  readonly #signature: Signature

  constructor(generateId: () => string, signature: Signature) {
    this.#generateId = generateId
    this.#signature = signature
  }

  create<T extends Doc>(
    _class: ClassRef<T>,
    space: Ref<Space>,
    attributes: Attributes<T, keyof Doc>,
    { _id = this.#newId(), createdBy }: CreateOptions = {},
  ): TxCreateDoc {
    const fields = this.#change({ _id, _class, space })
    const creator = createdBy === undefined ? {} : { createdBy }
    return { ...fields, ...creator, _class: core.class.TxCreateDoc, attributes }
  }

  update(doc: DocumentPlace, operations: UpdateOperations): TxUpdateDoc {
    return { ...this.#change(doc), _class: core.class.TxUpdateDoc, operations }
  }

  remove(doc: DocumentPlace): TxRemoveDoc {
    return { ...this.#change(doc), _class: core.class.TxRemoveDoc }
  }

  mixin(doc: DocumentPlace, mixin: Ref<Class>, attributes: UpdateOperations): TxMixin {
    return { ...this.#change(doc), _class: core.class.TxMixin, mixin, attributes }
  }

  /** Makes a document in the collection of another, whose counter goes up. */
  attach<T extends AttachedDoc>(
    parent: DocumentPlace,
    collection: string,
    _class: ClassRef<T>,
    attributes: Attributes<T, keyof AttachedDoc>,
    options: CreateOptions = {},
  ): TxCollectionCUD {
    // The fields of the attachment, which come from the parent, are optional in both.
    const tx = this.create(_class, parent.space, attributes as Attributes<T, keyof Doc>, options)
    return { ...this.#change(parent), _class: core.class.TxCollectionCUD, collection, tx }
  }

  /** The change of an attached document, by way of its parent. */
  within(
    { attachedTo, attachedToClass, collection, space }: AttachedPlace,
    tx: TxUpdateDoc | TxRemoveDoc,
  ): TxCollectionCUD {
    const parent = { _id: attachedTo, _class: attachedToClass, space }
    return { ...this.#change(parent), _class: core.class.TxCollectionCUD, collection, tx }
  }

  #change(doc: DocumentPlace): Omit<TxCUD, '_class'> & Pick<Tx, 'space'> {
    const { space, modifiedBy, modifiedOn, meta } = this.#signature
    const change = {
      _id: this.#newId(),
      space,
      modifiedBy,
      modifiedOn,
      objectId: doc._id,
      objectClass: doc._class,
      objectSpace: doc.space,
    }
    return meta === undefined ? change : { ...change, meta }
  }

  #newId(): Ref {
    return brand(this.#generateId())
  }
}
