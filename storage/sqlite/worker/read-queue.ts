import type { PooledRead } from './pooled-read.ts'

/** Reads that wait for a thread. Those of a workspace are in order, and workspaces take turns. */
export class ReadQueue {
  /** In the order of their turns. None is empty. */
  readonly #workspaces = new Map<number, PooledRead[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  has(workspace: number): boolean {
    return this.#workspaces.has(workspace)
  }

  add(read: PooledRead): void {
    const own = this.#workspaces.get(read.workspace)
    if (own === undefined) this.#workspaces.set(read.workspace, [read])
    else own.push(read)
    this.#size += 1
  }

  /** Puts back reads that were sent, in order, before the others of their workspaces. */
  putBack(reads: readonly PooledRead[]): void {
    for (const read of reads.toReversed()) {
      read.returned()
      if (read.isSettled) continue
      const own = this.#workspaces.get(read.workspace)
      if (own === undefined) this.#workspaces.set(read.workspace, [read])
      else own.unshift(read)
      this.#size += 1
    }
  }

  /** The next read, of the first workspace that has a place for it. */
  take<P>(placeFor: (workspace: number) => P | undefined): { read: PooledRead; place: P } | undefined {
    for (const [workspace, own] of this.#workspaces) {
      const place = placeFor(workspace)
      if (place === undefined) continue
      const read = own.shift()
      this.#workspaces.delete(workspace)
      if (own.length > 0) this.#workspaces.set(workspace, own)
      if (read === undefined) continue
      this.#size -= 1
      return { read, place }
    }
    return undefined
  }

  /** Removes the reads that meet the condition. */
  remove(isMeant: (read: PooledRead) => boolean): PooledRead[] {
    const removed: PooledRead[] = []
    for (const [workspace, own] of this.#workspaces) {
      const left = own.filter((read) => !isMeant(read))
      if (left.length === own.length) continue
      for (const read of own) if (isMeant(read)) removed.push(read)
      if (left.length > 0) this.#workspaces.set(workspace, left)
      else this.#workspaces.delete(workspace)
    }
    this.#size -= removed.length
    return removed
  }
}
