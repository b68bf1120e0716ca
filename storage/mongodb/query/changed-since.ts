import type { Doc, Domain } from '../../../model/documents.ts'
import type { Log } from '../log/log.ts'
import { changedDocuments } from '../documents/replay.ts'
import { applyEntry, changedId, type StoredEntry, transactionOf } from '../log/stored-document.ts'

/** The documents of a domain that were changed after a place in the log, and what they were there. */
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

  /** All whose change may be seen by now: an entry is in the log before its document is written. */
  async ids(): Promise<ReadonlySet<string>> {
    const { lastSeq } = this.#log
    for await (const entry of this.#log.after(this.#read)) {
      for (const { domain, id } of changedDocuments([entry])) if (domain === this.#domain) this.#ids.add(id)
    }
    // What is not committed yet may be taken back, and others take its place.
    this.#read = lastSeq
    return this.#ids
  }

  /**
   * What the log says the documents were. Those that the log does not tell of from their beginning, as they were
   * restored without it, are left as they are now.
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

/** `undefined` where the history does not begin with the document. */
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
