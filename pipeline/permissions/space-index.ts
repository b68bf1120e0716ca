import type { Account, Doc, Ref, Space } from '../../model/documents.ts'

/** Accounts that began, or ceased, to see a space. */
export type Affected = ReadonlySet<Ref<Account>>

const nobody: Affected = new Set()

/** Which spaces are private, and who is in them: kept in memory, as every request asks. */
export class SpaceIndex {
  readonly #members = new Map<string, ReadonlySet<Ref<Account>>>()
  /** Spaces hidden from an account, until some space changes. */
  readonly #hidden = new Map<Ref<Account>, readonly string[]>()

  /** Takes in a space as it is now; `undefined`: it was removed. */
  set(id: string, space: Space | undefined, everyone: () => Iterable<Ref<Account>>): Affected {
    const before = this.#members.get(id)
    const after = space?.private === true ? new Set(membersOf(space)) : undefined
    if (before === undefined && after === undefined) return nobody
    if (after === undefined) this.#members.delete(id)
    else this.#members.set(id, after)
    this.#hidden.clear()
    return new Set([...everyone()].filter((account) => sees(before, account) !== sees(after, account)))
  }

  clear(): void {
    this.#members.clear()
    this.#hidden.clear()
  }

  isPrivate(id: string): boolean {
    return this.#members.has(id)
  }

  isHidden(id: string, account: Ref<Account>): boolean {
    return !sees(this.#members.get(id), account)
  }

  /** The private spaces the account is not in. */
  hiddenFrom(account: Ref<Account>): readonly string[] {
    let hidden = this.#hidden.get(account)
    if (hidden === undefined) {
      hidden = [...this.#members.keys()].filter((id) => this.isHidden(id, account))
      this.#hidden.set(account, hidden)
    }
    return hidden
  }
}

export function isHiddenSpace(doc: Doc, account: Ref<Account>): boolean {
  const space = doc as Space
  return space.private && !membersOf(space).includes(account)
}

function membersOf({ members }: Space): Ref<Account>[] {
  return Array.isArray(members) ? members : []
}

function sees(members: ReadonlySet<Ref<Account>> | undefined, account: Ref<Account>): boolean {
  return members === undefined || members.has(account)
}
