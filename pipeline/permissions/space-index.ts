import type { Account, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { type AccountSet, everybody, includes, inOneOnly, nobody, these } from './account-set.ts'

const coreSpaces: ReadonlySet<string> = new Set(Object.values(core.space))

/**
 * The spaces there are, and who sees them: kept in memory, as every request asks. A space that is not here is seen by
 * nobody. The spaces of the server itself are always here, whatever documents have their ids.
 */
export class SpaceIndex {
  /** Who sees each of them. */
  readonly #entries = new Map<string, AccountSet>()
  /** Ids of the spaces that an account sees, until some space changes. */
  readonly #visible = new Map<Ref<Account>, readonly string[]>()

  /** Takes in a space as it is now; `undefined`: it was removed. Tells whose view of a known space changed. */
  set(id: string, space: Space | undefined): AccountSet {
    if (coreSpaces.has(id)) return nobody
    const before = this.#entries.get(id)
    const after = space === undefined ? undefined : entryOf(space)
    if (after === undefined) this.#entries.delete(id)
    else this.#entries.set(id, after)
    this.#visible.clear()
    return before === undefined ? nobody : inOneOnly(before, after ?? nobody)
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
    return coreSpaces.has(id) ? everybody : (this.#entries.get(id) ?? nobody)
  }

  /** All spaces that the account sees, those of the server among them. */
  visibleTo(account: Ref<Account>): readonly string[] {
    let visible = this.#visible.get(account)
    if (visible === undefined) {
      const own = [...this.#entries].filter(([, readers]) => includes(readers, account)).map(([id]) => id)
      visible = [...coreSpaces, ...own]
      this.#visible.set(account, visible)
    }
    return visible
  }
}

/** Whether the space, as it is in this document, is seen by the account. */
export function isSpaceVisible(space: Space, account: Ref<Account>): boolean {
  return includes(entryOf(space), account)
}

/** The accounts that decide over a space. */
export function ownersOf({ owners, createdBy }: Space): readonly Ref<Account>[] {
  if (Array.isArray(owners) && owners.length > 0) return owners
  return createdBy === undefined ? [] : [createdBy]
}

export function membersOf({ members }: Space): readonly Ref<Account>[] {
  return Array.isArray(members) ? members : []
}

/** Anything but a plain no is private: documents of classes that are not known were not checked. */
function entryOf(space: Space): AccountSet {
  const isPrivate: unknown = space.private
  return isPrivate === false || isPrivate == null ? everybody : these(membersOf(space))
}
