import type { Doc, Domain } from '../../../model/documents.ts'
import type { Log } from '../log/log.ts'
import { changedDocuments } from '../documents/replay.ts'
import { applyEntry, changedId, type StoredEntry, transactionOf } from '../log/stored-document.ts'

/** Documents of a domain that changed after a log position, and their state at that position. */
export class ChangedSince {
  readonly #log: Log
  readonly #domain: Domain
  readonly #seq: number
  readonly #ids = new Set<string>()
  #read: number

  constructor(log: Log, domain: Domain) {
    this.#log = log
    this.#domain = domain
    this.#seq = this.#read = log.lastSeq
  }

  get seq(): number {
    return this.#seq
  }

  /** Ids of all visible changes: an entry is written before its document. */
  async ids(): Promise<ReadonlySet<string>> {
    const { lastSeq } = this.#log
    for await (const entry of this.#log.after(this.#read)) {
      for (const { domain, id } of changedDocuments([entry])) if (domain === this.#domain) this.#ids.add(id)
    }
    // Uncommitted entries may be taken back and replaced, so they are read again.
    this.#read = lastSeq
    return this.#ids
  }

  /**
   * The documents at the log position, according to the log. Documents whose history is incomplete, because they were
   * restored without the log, are returned as they are now.
   */
  async before(ids: readonly string[], now: readonly Doc[]): Promise<Doc[]> {
    const histories = new Map<string, StoredEntry[]>(ids.map((id) => [id, []]))
    for (const entry of await this.#log.about(ids))
      histories.get(changedId(transactionOf(entry)) ?? '')?.push(entry)
    const current = new Map<string, Doc>(now.map((doc) => [doc._id, doc]))
    return [...histories].flatMap(([id, history]) => {
      const known = replayed(history, this.#seq)
      return (known === undefined ? current.get(id) : known.doc) ?? []
    })
  }
}

/** `undefined` if the history does not start with the creation. */
function replayed(history: readonly StoredEntry[], seq: number): { doc: Doc | undefined } | undefined {
  try {
    let doc: Doc | undefined
    for (const [at, entry] of history.entries()) {
      const after = applyEntry(doc, transactionOf(entry))
      if (at === 0 && after === undefined) return undefined
      if (entry._id > seq) break
      doc = after
    }
    return history.length === 0 ? undefined : { doc }
  } catch {
    return undefined
  }
}
