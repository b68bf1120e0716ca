/**
 * Items that wait, taken in turns: by group first, and within a group by member. A group, or member, with many items
 * waits behind itself.
 */
export class RoundRobin<T> {
  /** In the order of their turns: a `Map` keeps the order of insertion. */
  readonly #groups = new Map<unknown, Map<unknown, T[]>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of items of the group. */
  sizeOf(group: unknown): number {
    let size = 0
    for (const items of this.#groups.get(group)?.values() ?? []) size += items.length
    return size
  }

  /** Adds an item behind those of the same member. */
  add(group: unknown, member: unknown, item: T): void {
    let members = this.#groups.get(group)
    if (members === undefined) this.#groups.set(group, (members = new Map<unknown, T[]>()))
    const items = members.get(member)
    if (items === undefined) members.set(member, [item])
    else items.push(item)
    this.#size += 1
  }

  /** Removes the next item. */
  take(): T | undefined {
    for (const [group, members] of this.#groups) {
      this.#groups.delete(group)
      const item = takeFrom(members)
      if (members.size > 0) this.#groups.set(group, members)
      if (item === undefined) continue
      this.#size -= 1
      return item
    }
    return undefined
  }

  /** Removes the items of a member. */
  remove(group: unknown, member: unknown): void {
    const members = this.#groups.get(group)
    this.#size -= members?.get(member)?.length ?? 0
    members?.delete(member)
    if (members?.size === 0) this.#groups.delete(group)
  }
}

function takeFrom<T>(members: Map<unknown, T[]>): T | undefined {
  for (const [member, items] of members) {
    members.delete(member)
    const item = items.shift()
    if (items.length > 0) members.set(member, items)
    return item
  }
  return undefined
}
