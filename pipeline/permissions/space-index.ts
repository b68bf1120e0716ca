import type { Account, Domain, Ref, Space, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { type AccountSet, everybody, includes, inOneOnly, nobody, accountsOf } from '../push/account-set.ts'

const coreSpaces: ReadonlySet<string> = new Set(Object.values(core.space))

/**
 * All spaces and their readers, in memory: every request needs them. A space that is not in the index has no readers.
 * The server's own spaces are always in it, and stored documents with their ids are ignored.
 */
export class SpaceIndex {
  /** The domain and the readers of each space. */
  readonly #entries = new Map<string, { domain: Domain; readers: AccountSet }>()
  /** Ids of the spaces that an account sees. Cleared when any space changes. */
  readonly #visible = new Map<Ref<Account>, readonly string[]>()

  /**
   * Updates a space; `undefined` if its document was removed. Returns the accounts whose view of a known space
   * changed. A document in another domain with the id of a space is not that space.
   */
  set(domain: Domain, id: string, space: Unchecked<Space> | undefined): AccountSet {
    const before = this.#entries.get(id)
    if (coreSpaces.has(id) || (before !== undefined && before.domain !== domain)) return nobody
    const readers = space === undefined ? undefined : readersIn(space)
    if (readers === undefined) this.#entries.delete(id)
    else this.#entries.set(id, { domain, readers })
    this.#visible.clear()
    return before === undefined ? nobody : inOneOnly(before.readers, readers ?? nobody)
  }

  /** The domain that contains the space. */
  homeOf(id: string): Domain | undefined {
    return this.#entries.get(id)?.domain
  }

  has(id: string): boolean {
    return coreSpaces.has(id) || this.#entries.has(id)
  }

  clear(): void {
    this.#entries.clear()
    this.#visible.clear()
  }

  /** Whether everyone sees the space. */
  isOpen(id: string): boolean {
    return this.readersOf(id) === everybody
  }

  isVisible(id: string, account: Ref<Account>): boolean {
    return includes(this.readersOf(id), account)
  }

  readersOf(id: string): AccountSet {
    // The server's own spaces have no entries.
    return this.#entries.get(id)?.readers ?? (coreSpaces.has(id) ? everybody : nobody)
  }

  /** Ids of all spaces that the account sees, including the server's own. */
  visibleTo(account: Ref<Account>): readonly string[] {
    let visible = this.#visible.get(account)
    if (visible === undefined) {
      const own = [...this.#entries].filter(([, { readers }]) => includes(readers, account)).map(([id]) => id)
      visible = [...coreSpaces, ...own]
      this.#visible.set(account, visible)
    }
    return visible
  }
}

/** Whether the account sees the space, according to this document. */
export function isSpaceVisible(space: Unchecked<Space>, account: Ref<Account>): boolean {
  return includes(readersIn(space), account)
}

/** The accounts that manage a space. */
export function ownersOf({ owners, createdBy }: Unchecked<Space>): readonly Ref<Account>[] {
  if (Array.isArray(owners) && owners.length > 0) return owners
  return createdBy === undefined ? [] : [createdBy]
}

export function membersOf({ members }: Unchecked<Space>): readonly Ref<Account>[] {
  return Array.isArray(members) ? members : []
}

/** Any value other than false or null is private: documents of unknown classes were not validated. */
function readersIn(space: Unchecked<Space>): AccountSet {
  const isPrivate: unknown = space.private
  return isPrivate === false || isPrivate == null ? everybody : accountsOf(membersOf(space))
}
