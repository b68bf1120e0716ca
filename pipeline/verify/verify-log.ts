import type { Domain } from '../../model/documents.ts'
import { contentHash } from '../../model/hash-chain.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { Replay, type ReplayedDomain } from './replay.ts'
import { readRestoreMark } from '../restore/restore-mark.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

export interface Difference {
  domain: Domain
  id: string
  /** `missing`: the log makes it, storage lacks it. `extra`: the other way round. */
  kind: 'missing' | 'extra' | 'different'
}

export interface Verification {
  /** Log entries replayed. */
  entries: number
  /** Documents that were compared. */
  documents: number
  /**
   * The place in the log at which documents were restored, where their history begins; 0: it has all of them from the
   * start.
   */
  begins: number
  /** Documents that were restored there, and that the log does not make. */
  restored: number
  /** Places where `seq` does not follow on, transactions that are there twice, and those that cannot be applied. */
  flaws: string[]
  differences: Difference[]
}

/** Log entries read at a time, and bytes of documents listed at a time. */
const PAGE = 5000
const PAGE_BYTES = 4 * 1024 * 1024

/** The documents of a domain as they are at one place in the log. */
interface Listing {
  domain: Domain
  seq: number
  hashes: Map<string, string>
}

/**
 * Replays the log from its start, and compares what it makes with the documents there are. Each domain is compared as of
 * one place in the log, so what is committed meanwhile makes no difference.
 */
export async function verifyLog(storage: WorkspaceStorage, hierarchy: Hierarchy): Promise<Verification> {
  const replay = new Replay(hierarchy)
  const restored = (await readRestoreMark(storage))?.seq ?? 0
  const listings: Listing[] = []
  for (const domain of replay.domains()) listings.push(await list(storage, domain))
  listings.sort((a, b) => a.seq - b.seq)
  const begins = Math.min(restored, listings[0]?.seq ?? 0)
  const differences: Difference[] = []
  const found = { documents: 0, restored: 0, differences }
  const log = new LogReader(storage, replay)
  await log.upTo(begins)
  if (begins > 0) replay.beginAnew()
  for (const listing of listings) {
    await log.upTo(listing.seq)
    compare(listing, replay.domain(listing.domain), found)
  }
  return { entries: replay.entries, flaws: replay.flaws, begins, ...found }
}

class LogReader {
  readonly #storage: WorkspaceStorage
  readonly #replay: Replay
  #after = 0

  constructor(storage: WorkspaceStorage, replay: Replay) {
    this.#storage = storage
    this.#replay = replay
  }

  async upTo(last: number): Promise<void> {
    while (this.#after < last) {
      const limit = Math.min(PAGE, last - this.#after)
      const page = await this.#storage.readLog({ after: this.#after, limit })
      const entries = page.filter(({ seq }) => seq <= last)
      if (entries.length === 0) return
      for (const { seq, tx } of entries) {
        this.#replay.take(seq, this.#after + 1, tx)
        this.#after = seq
      }
    }
  }
}

async function list(storage: WorkspaceStorage, domain: Domain): Promise<Listing> {
  const walk = await storage.scan(domain)
  try {
    const hashes = new Map<string, string>()
    for (let finished = false; !finished;) {
      const page = await walk.next(PAGE_BYTES)
      for (const { id, hash } of page.docs) hashes.set(id, hash)
      ;({ finished } = page)
    }
    return { domain, seq: walk.seq, hashes }
  } finally {
    walk.close()
  }
}

function compare(
  { domain, hashes }: Listing,
  { documents, mayHold }: ReplayedDomain,
  found: Pick<Verification, 'documents' | 'restored' | 'differences'>,
): void {
  found.documents += documents.size
  for (const [id, hash] of hashes) {
    const doc = documents.get(id)
    if (doc === undefined) {
      if (mayHold(id)) found.restored += 1
      else found.differences.push({ domain, id, kind: 'extra' })
    } else if (contentHash(doc) !== hash) found.differences.push({ domain, id, kind: 'different' })
  }
  for (const id of documents.keys())
    if (!hashes.has(id)) found.differences.push({ domain, id, kind: 'missing' })
}
