import { applyTransaction, targetOf } from '../model/apply-transaction.ts'
import type { Doc, Domain } from '../model/documents.ts'
import { contentHash } from '../model/hash-chain.ts'
import type { Hierarchy } from '../model/hierarchy.ts'
import type { TxCUD } from '../model/transactions.ts'
import type { WorkspaceStorage } from './storage/contract.ts'
import { isStoredDomain } from './stored-domain.ts'

export interface Difference {
  domain: Domain
  id: string
  /** `missing`: the log makes it, storage lacks it. `extra`: the other way round. */
  kind: 'missing' | 'extra' | 'different'
}

export interface Verification {
  /** Log entries replayed. */
  entries: number
  /** Documents they make. */
  documents: number
  /** Places where `seq` does not follow on, and transactions that are in the log twice. */
  flaws: string[]
  differences: Difference[]
}

/** Log entries read at a time, and bytes of documents listed at a time. */
const PAGE = 5000
const PAGE_BYTES = 4 * 1024 * 1024

/** Replays the log from its start, and compares what it makes with the documents there are. */
export async function verifyLog(storage: WorkspaceStorage, hierarchy: Hierarchy): Promise<Verification> {
  const replay = new Replay(hierarchy)
  for (let after = 0; ;) {
    const page = await storage.readLog({ after, limit: PAGE })
    for (const { seq, tx } of page) {
      replay.take(seq, after + 1, tx as TxCUD)
      after = seq
    }
    if (page.length < PAGE) break
  }
  const differences: Difference[] = []
  for (const domain of replay.domains())
    for (const each of await compare(storage, domain, replay.documents(domain))) differences.push(each)
  return { entries: replay.entries, documents: replay.count, flaws: replay.flaws, differences }
}

class Replay {
  readonly flaws: string[] = []
  entries = 0
  readonly #hierarchy: Hierarchy
  readonly #seen = new Set<string>()
  readonly #documents = new Map<Domain, Map<string, Doc>>()

  constructor(hierarchy: Hierarchy) {
    this.#hierarchy = hierarchy
    for (const domain of hierarchy.domains().keys())
      if (isStoredDomain(domain)) this.#documents.set(domain, new Map())
  }

  get count(): number {
    let count = 0
    for (const documents of this.#documents.values()) count += documents.size
    return count
  }

  domains(): Iterable<Domain> {
    return this.#documents.keys()
  }

  documents(domain: Domain): ReadonlyMap<string, Doc> {
    return this.#documents.get(domain) ?? new Map()
  }

  take(seq: number, expected: number, tx: TxCUD): void {
    this.entries += 1
    if (seq !== expected) this.flaws.push(`entry ${expected} is followed by ${seq}`)
    if (this.#seen.has(tx._id)) this.flaws.push(`transaction ${tx._id} is there twice`)
    this.#seen.add(tx._id)
    const { _id, _class } = targetOf(tx)
    const domain =
      this.#hierarchy.findClass(_class) === undefined ? undefined : this.#hierarchy.domainOf(_class)
    const documents = domain === undefined ? undefined : this.#documents.get(domain)
    if (documents === undefined) return
    const after = applyTransaction(documents.get(_id), tx)
    if (after === undefined) documents.delete(_id)
    else documents.set(_id, after)
  }
}

async function compare(
  storage: WorkspaceStorage,
  domain: Domain,
  expected: ReadonlyMap<string, Doc>,
): Promise<Difference[]> {
  const differences: Difference[] = []
  const missing = new Set(expected.keys())
  let cursor: string | undefined
  do {
    const page = await storage.list(domain, cursor, PAGE_BYTES)
    for (const { id, hash } of page.docs) {
      const doc = expected.get(id)
      missing.delete(id)
      if (doc === undefined) differences.push({ domain, id, kind: 'extra' })
      else if (contentHash(doc) !== hash) differences.push({ domain, id, kind: 'different' })
    }
    ;({ cursor } = page)
  } while (cursor !== undefined)
  for (const id of missing) differences.push({ domain, id, kind: 'missing' })
  return differences
}
