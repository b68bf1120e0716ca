import type { Account, Domain, Ref, Space, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { type AccountSet, everybody, includes, inOneOnly, nobody, these } from '../push/account-set.ts'

const coreSpaces: ReadonlySet<string> = new Set(Object.values(core.space))

/**
 * The spaces there are, and who sees them: kept in memory, as every request asks. A space that is not here is seen by
 * nobody. The spaces of the server itself are always here, whatever documents have their ids.
 */
export class SpaceIndex {
  /** Where each of them is stored, and who sees it. */
  readonly #entries = new Map<string, { domain: Domain; readers: AccountSet }>()
  /** Ids of the spaces that an account sees, until some space changes. */
  readonly #visible = new Map<Ref<Account>, readonly string[]>()

  /**
   * Takes in a space as it is now; `undefined`: the document of the domain was removed. Tells whose view of a known space
   * changed. A document of another domain with the id of a space is not that space.
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

  /** The domain that a space is stored in. */
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
    // Spaces of the server have no entries.
    return this.#entries.get(id)?.readers ?? (coreSpaces.has(id) ? everybody : nobody)
  }

  /** All spaces that the account sees, those of the server among them. */
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

/** Whether the space, as it is in this document, is seen by the account. */
export function isSpaceVisible(space: Unchecked<Space>, account: Ref<Account>): boolean {
  return includes(readersIn(space), account)
}

/** The accounts that decide over a space. */
export function ownersOf({ owners, createdBy }: Unchecked<Space>): readonly Ref<Account>[] {
  if (Array.isArray(owners) && owners.length > 0) return owners
  return createdBy === undefined ? [] : [createdBy]
}

export function membersOf({ members }: Unchecked<Space>): readonly Ref<Account>[] {
  return Array.isArray(members) ? members : []
}

/** Anything but a plain no is private: documents of classes that are not known were not checked. */
function readersIn(space: Unchecked<Space>): AccountSet {
  const isPrivate: unknown = space.private
  return isPrivate === false || isPrivate == null ? everybody : these(membersOf(space))
}
