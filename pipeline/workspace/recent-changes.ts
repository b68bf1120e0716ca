import type { Doc, Domain } from '../../model/documents.ts'
import type { CommitBatch } from '../../storage/contract.ts'
import { estimatedSize } from '../shared/estimated-size.ts'

/** Documents by domain and id; `undefined` for a removed one. */
export type Changes = ReadonlyMap<Domain, ReadonlyMap<string, Doc | undefined>>

interface Group {
  /** Of its last entry. */
  seq: number
  changes: Map<Domain, Map<string, Doc | undefined>>
  count: number
  bytes: number
}

export interface RecentChangesLimits {
  /** Documents that are remembered. */
  changes: number
  /** Their estimated size. */
  changedBytes: number
}

/** Follows what is committed. */
export interface Follower {
  /** What was committed after the position, oldest first; `undefined` if that is not known. */
  after: (position: number) => Changes[] | undefined
  end: () => void
}

/** The changes of the last commits, remembered only while somebody follows them. */
export class RecentChanges {
  readonly #limits: RecentChangesLimits
  /** The positions since which changes are followed. */
  readonly #followers = new Set<{ since: number; isLost: boolean }>()
  #groups: Group[] = []
  #count = 0
  #bytes = 0
  /** Changes up to this position are not known. */
  #floor = 0

  constructor(limits: RecentChangesLimits) {
    this.#limits = limits
  }

  /** Remembers what is committed after the position, until the follower ends. */
  follow(since: number): Follower {
    const follower = { since, isLost: false }
    this.#followers.add(follower)
    return {
      after: (position) => (follower.isLost ? undefined : this.#after(position)),
      end: () => {
        this.#followers.delete(follower)
        if (this.#followers.size === 0) this.#drop(this.#groups.length)
      },
    }
  }

  /** The batch is durable; `seq` is that of its last entry. */
  committed({ puts, removes }: CommitBatch, seq: number): void {
    if (this.#followers.size === 0) {
      this.#floor = seq
      return
    }
    const group: Group = { seq, changes: new Map(), count: puts.length + removes.length, bytes: 0 }
    for (const { domain, doc } of puts) {
      add(group, domain, doc._id, doc)
      group.bytes += estimatedSize(doc)
    }
    for (const { domain, id } of removes) add(group, domain, id, undefined)
    this.#groups.push(group)
    this.#count += group.count
    this.#bytes += group.bytes
    this.#shrink()
  }

  /** Documents were changed in another way, or are to be dropped: present followers know nothing any more. */
  forget(): void {
    for (const follower of this.#followers) follower.isLost = true
    this.#drop(this.#groups.length)
  }

  #after(position: number): Changes[] | undefined {
    if (position < this.#floor) return undefined
    return this.#groups.filter(({ seq }) => seq > position).map(({ changes }) => changes)
  }

  #shrink(): void {
    let first = 0
    let needed = Infinity
    for (const { since } of this.#followers) needed = Math.min(needed, since)
    const { changes, changedBytes } = this.#limits
    let [count, bytes] = [this.#count, this.#bytes]
    for (const group of this.#groups) {
      const isNeeded = group.seq > needed
      if (isNeeded && count <= changes && bytes <= changedBytes) break
      count -= group.count
      bytes -= group.bytes
      first += 1
    }
    this.#drop(first)
  }

  /** Drops the oldest groups. */
  #drop(number: number): void {
    for (const { seq, count, bytes } of this.#groups.splice(0, number)) {
      this.#floor = seq
      this.#count -= count
      this.#bytes -= bytes
    }
  }
}

function add({ changes }: Group, domain: Domain, id: string, doc: Doc | undefined): void {
  const known = changes.get(domain)
  if (known === undefined) changes.set(domain, new Map([[id, doc]]))
  else known.set(id, doc)
}
