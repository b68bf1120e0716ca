import type { Domain } from '../../model/documents.ts'
import { contentHash } from '../../model/hash-chain.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { Replay, type ReplayedDomain } from './replay.ts'
import { readRestoreMark } from '../restore/restore-mark.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

export interface Difference {
  domain: Domain
  id: string
  /** `missing`: in the log and not in storage. `extra`: in storage and not in the log. */
  kind: 'missing' | 'extra' | 'different'
}

export interface Verification {
  /** Number of replayed log entries. */
  entries: number
  /** Number of compared documents. */
  documents: number
  /** The log position of the last restore, where the history starts; 0 if it is complete. */
  begins: number
  /** Number of restored documents that are not in the log. */
  restored: number
  /** Gaps in `seq`, duplicate transactions, and transactions that cannot be applied. */
  flaws: string[]
  differences: Difference[]
}

/** Log entries per read, and bytes of documents per page. */
const PAGE = 5000
const PAGE_BYTES = 4 * 1024 * 1024

/** The documents of a domain at one log position. */
interface Listing {
  domain: Domain
  seq: number
  hashes: Map<string, string>
}

/**
 * Replays the log from its start and compares the result with the stored documents. Each domain is compared at one
 * log position, so that concurrent commits make no difference.
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
  const scan = await storage.scan(domain)
  try {
    const hashes = new Map<string, string>()
    for (let finished = false; !finished;) {
      const page = await scan.next(PAGE_BYTES)
      for (const { id, hash } of page.docs) hashes.set(id, hash)
      ;({ finished } = page)
    }
    return { domain, seq: scan.seq, hashes }
  } finally {
    scan.close()
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
