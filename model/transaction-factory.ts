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

/** The fields that identify a document in a transaction. */
export type DocumentPlace = Pick<Doc, '_id' | '_class' | 'space'>

/** The fields that identify an attached document. */
export type AttachedPlace = DocumentPlace & Pick<AttachedDoc, 'attachedTo' | 'attachedToClass' | 'collection'>

export interface Signature {
  /** The space of the transactions. Those in DerivedTx are hidden from queries of the log. */
  space: Ref<Space>
  modifiedBy: Ref<Account>
  /** Milliseconds since the Unix epoch. */
  modifiedOn: number
  meta?: TxMeta | undefined
}

type Attributes<T extends Doc, Header extends PropertyKey> = Partial<Omit<T, Header>> &
  Record<string, unknown>

interface CreateOptions {
  /** A generated id if omitted. */
  _id?: Ref
  /** The signer if omitted. */
  createdBy?: Ref<Account>
}

/** Creates transactions with the same signature and time. */
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

  /** Creates a document in a collection of another one, whose counter increases. */
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

  /** Changes an attached document through its parent. */
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
    return meta === undefined ? change : { ...change, meta: { ...meta } }
  }

  #newId(): Ref {
    return brand(this.#generateId())
  }
}
