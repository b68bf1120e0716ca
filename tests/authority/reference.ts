import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { largest } from '../../model/largest.ts'

/*
 * The reference model of the permissions, in the plainest form: it scans all documents, without an index, a cache or a
 * plan. The server’s behaviour is compared with it.
 */

export interface LoggedChange {
  seq: number
  tx: TxCUD
  request: string
  before: Doc | undefined
  after: Doc | undefined
}

type Fields = Doc & Record<string, unknown>

const ranks = ['GUEST', 'USER', 'MAINTAINER', 'OWNER']
const coreSpaces = ['Tx', 'DerivedTx', 'Model', 'Space', 'Configuration'].map((name) => `core:space:${name}`)
const declarations = ['Class', 'Mixin', 'Interface', 'Attribute', 'Enum'].map((name) => `core:class:${name}`)

/** All documents of a workspace, as they follow from the log, and state derived from them. */
export class Reference {
  readonly documents = new Map<string, Fields>()
  readonly log: LoggedChange[] = []
  readonly #declared: ReadonlySet<string>
  readonly #hierarchy: () => Hierarchy

  /** @param declared documents that modules declare */
  constructor(declared: Iterable<Doc>, hierarchy: () => Hierarchy) {
    const docs = [...declared]
    this.#declared = new Set(docs.map(({ _id }) => _id))
    this.#hierarchy = hierarchy
    for (const doc of docs) this.documents.set(`model/${doc._id}`, doc as Fields)
  }

  get hierarchy(): Hierarchy {
    return this.#hierarchy()
  }

  key({ _class, _id }: Pick<Doc, '_class' | '_id'>): string {
    return `${this.hierarchy.domainOf(_class) ?? ''}/${_id}`
  }

  role(account: string): string {
    const doc = this.documents.get(`model/${account}`)
    return doc !== undefined && this.#is(doc, 'Account') ? String(doc['role']) : 'GUEST'
  }

  seesSpace(account: string, id: string): boolean {
    if (coreSpaces.includes(id)) return true
    const space = [...this.documents.values()].find((doc) => doc._id === id && this.#is(doc, 'Space'))
    if (space === undefined) return false
    return space['private'] !== true || list(space['members']).includes(account)
  }

  sees(account: string, doc: Doc): boolean {
    if (this.hierarchy.domainOf(doc._class) === 'model') return true
    if (!this.seesSpace(account, doc.space)) return false
    if (this.#is(doc, 'Space') && !this.seesSpace(account, doc._id)) return false
    return !this.#isPersonal(doc) || doc.createdBy === account
  }

  /** Whether an entry of the log is visible to the account with its current permissions. */
  seesEntry(account: string, { before, after }: LoggedChange): boolean {
    const sides = [before, after].filter((doc) => doc !== undefined)
    const names = sides.flatMap((doc) => (this.#is(doc, 'Space') ? [doc.space, doc._id] : [doc.space]))
    const isOwn = sides.every((doc) => !this.#isPersonal(doc) || doc.createdBy === account)
    return isOwn && names.every((id) => this.seesSpace(account, id))
  }

  /** Applies an entry of the log. Returns why its sender was not permitted to make it, if so. */
  take(entry: { seq: number; tx: TxCUD; request: string }, sender: string | undefined): string | undefined {
    const { _id, _class } = targetOf(entry.tx as TxCUD)
    const key = `${this.hierarchy.domainOf(_class) ?? ''}/${_id}`
    const before = this.documents.get(key)
    const after = applyTransaction(before, entry.tx as TxCUD) as Fields | undefined
    const change: LoggedChange = { ...entry, before, after }
    const flaw = sender === undefined ? undefined : this.#flaw(change, sender)
    if (after === undefined) this.documents.delete(key)
    else this.documents.set(key, after)
    this.log.push(change)
    return flaw
  }

  #flaw(change: LoggedChange, sender: string): string | undefined {
    const { before, after, tx } = change
    if (before === undefined && after === undefined) return 'an entry without a change'
    if (tx.space === 'core:space:DerivedTx') return this.#derivedFlaw(change)
    const doc = (after ?? before) as Fields
    const was = before as Fields | undefined
    const isModel = this.hierarchy.domainOf(doc._class) === 'model'
    if (after !== undefined && isModel !== (after.space === 'core:space:Model'))
      return 'in or out of the model'
    if (this.role(sender) === 'GUEST') return 'a guest wrote'
    if (tx.modifiedBy !== sender) return 'signed as another'
    if (doc._class !== targetOf(tx as TxCUD)._class) return 'the class is not the document’s'
    if (was !== undefined && !this.sees(sender, was)) return 'the document was not visible'
    if (after !== undefined && after.space !== was?.space && !this.seesSpace(sender, after.space))
      return 'put into a space that is not visible'
    if (was === undefined && /^(core|module|accounts|atrium|account|trigger|migration):/.test(doc._id))
      return 'a reserved id'
    if (was !== undefined && after !== undefined && was.createdBy !== after.createdBy)
      return 'another creator'
    if (doc._class.startsWith('module:')) return 'the state of a module'
    if (isModel && this.#is(doc, 'Account'))
      return this.#accountFlaw(was, after as Fields | undefined, sender)
    if (declarations.includes(doc._class)) return this.#modelFlaw(doc, sender)
    if (['core:class:Configuration', 'core:class:Version'].includes(doc._class) && this.#rank(sender) < 2)
      return 'the server’s own documents'
    if (this.#is(doc, 'Space')) return this.#spaceFlaw(was, after as Fields | undefined, sender)
    if (after !== undefined && this.#is(doc, 'AttachedDoc'))
      return this.#attachmentFlaw(was, after as Fields, sender)
    const isUpdate = was !== undefined && after !== undefined
    const isCounted = this.hierarchy.isDerived(doc._class, 'board:class:Task')
    const isSet = isUpdate && isCounted && was['comments'] !== (after as Fields)['comments']
    return isSet ? 'a counter was set' : undefined
  }

  #rank(account: string): number {
    return ranks.indexOf(this.role(account))
  }

  #accountFlaw(was: Fields | undefined, is: Fields | undefined, sender: string): string | undefined {
    if (was === undefined || is === undefined) return 'only the accounts service makes and removes accounts'
    const highest = largest([was, is].map((doc) => ranks.indexOf(String(doc['role']))))
    if (was['email'] !== is['email']) return 'another email'
    const isOwn = was._id === sender && was['role'] === is['role']
    if (isOwn) return undefined
    return this.#rank(sender) >= 2 && this.#rank(sender) >= highest
      ? undefined
      : 'an account of somebody else'
  }

  #modelFlaw(doc: Fields, sender: string): string | undefined {
    if (this.#declared.has(doc._id)) return 'what modules declare was changed'
    if (this.#rank(sender) < 2) return 'the model was changed by a user'
    const { attributeOf } = doc as { attributeOf?: string }
    return attributeOf?.startsWith('core:') === true ? 'an attribute of a class of the server' : undefined
  }

  #spaceFlaw(was: Fields | undefined, is: Fields | undefined, sender: string): string | undefined {
    if (was === undefined) {
      const isKnown = this.log.some(({ before, after, tx }) =>
        [before, after].some((doc) => doc?.space === is?._id || (tx as TxCUD).objectId === is?._id),
      )
      return isKnown ? 'a space that was there before' : undefined
    }
    const owners = list(was['owners']).length > 0 ? list(was['owners']) : [was.createdBy]
    if (owners.includes(sender as never) || this.#rank(sender) >= 2) return undefined
    if (is === undefined) return 'a space of somebody else was removed'
    const isKept = ['private', 'archived', 'owners', 'space'].every((field) => same(was[field], is[field]))
    const isPeopled = list(was['members']).every(
      (each) => each === sender || list(is['members']).includes(each),
    )
    return isKept && isPeopled ? undefined : 'a space of somebody else was changed'
  }

  #attachmentFlaw(was: Fields | undefined, is: Fields, sender: string): string | undefined {
    const fields = ['attachedTo', 'attachedToClass', 'collection']
    if (was !== undefined && [...fields, 'space'].every((field) => was[field] === is[field])) return undefined
    if (fields.some((field) => typeof is[field] !== 'string')) return undefined
    const parent = this.#parentOf(is)
    if (parent === undefined || !this.sees(sender, parent)) return 'attached to what is not visible'
    if (is['collection'] !== 'comments' || parent._class !== 'board:class:Task') return 'no such collection'
    return parent.space === is.space ? undefined : 'not in the space of the parent'
  }

  #parentOf(item: Fields): Fields | undefined {
    const _class = String(item['attachedToClass'])
    return this.hierarchy.findClass(_class) === undefined
      ? undefined
      : this.documents.get(this.#parentKey(item))
  }

  #parentKey(item: Fields): string {
    const { attachedTo = '', attachedToClass = '' } = item as {
      attachedTo?: string
      attachedToClass?: string
    }
    const isKnown = this.hierarchy.findClass(attachedToClass) !== undefined
    return `${isKnown ? (this.hierarchy.domainOf(attachedToClass) ?? '') : ''}/${attachedTo}`
  }

  /**
   * Permitted are a counter that changes by one, the removal of documents attached to a removed one, and of documents
   * in a removed space.
   */
  #derivedFlaw({ before, after, request }: LoggedChange): string | undefined {
    const together = this.log.filter((entry) => entry.request === request)
    if (before === undefined) return 'something was made'
    const was = before as Fields
    if (after === undefined) {
      const isGone = (key: string) =>
        together.some(
          ({ before, after }) => after === undefined && before !== undefined && this.key(before) === key,
        )
      const isCaused = isGone(`space/${was.space}`) || isGone(this.#parentKey(was))
      return isCaused ? undefined : 'removed without a cause'
    }
    const is = after as Fields
    const changed = Object.keys({ ...was, ...is }).filter((field) => !same(was[field], is[field]))
    const rest = changed.filter((field) => !['comments', 'modifiedBy', 'modifiedOn'].includes(field))
    return rest.length === 0 ? undefined : `changed by a derived transaction: ${rest.join()}`
  }

  /** Tasks whose counter differs from the number of their comments. */
  miscounted(): string[] {
    const docs = [...this.documents.values()]
    return docs
      .filter(({ _class }) => _class === 'board:class:Task')
      .filter((task) => {
        const own = docs.filter((doc) => this.#is(doc, 'AttachedDoc') && doc['attachedTo'] === task._id)
        const counted = own.filter(
          (doc) => doc['collection'] === 'comments' && doc['attachedToClass'] !== undefined,
        )
        return Number(task['comments'] ?? 0) !== counted.length
      })
      .map(({ _id }) => _id)
  }

  #is({ _class }: Pick<Doc, '_class'>, name: string): boolean {
    return this.hierarchy.isDerived(_class, `core:class:${name}`)
  }

  /** The value that the class, or an ancestor, has in the model. */
  #isPersonal({ _class }: Pick<Doc, '_class'>): boolean {
    for (let id: unknown = _class; typeof id === 'string';) {
      const declared: Fields | undefined = this.documents.get(`model/${id}`)
      if (declared?.['visibleTo'] === 'creator') return true
      id = declared?.['extends']
    }
    return _class.startsWith('module:')
  }
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
