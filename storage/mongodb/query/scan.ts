import type { Doc, Domain } from '../../../model/documents.ts'
import { domains } from '../../../model/identifiers.ts'
import { compareStrings } from '../../../model/query/compare.ts'
import type { DocumentInfo, DocumentPage } from '../../contract.ts'
import { InfoPage } from '../../shared/document-info.ts'
import { InfoChunks } from '../../shared/info-chunks.ts'
import { ChangedSince } from './changed-since.ts'
import { both } from '../filters/compile-condition.ts'
import type { Log } from '../log/log.ts'
import { compileQuery, decoded, type QueryContext } from './query.ts'

/** Number of documents in a batch of the server. */
const docsAtOnce = 200

export type ScanContext = QueryContext & { log: Log }

interface Read {
  docs: Doc[]
  /** The id of the last document; undefined if there are no more. */
  last: string | undefined
}

/**
 * A scan of a domain at one log position, without a snapshot. Documents that changed after that position are
 * reconstructed from the log.
 */
export class ReplayingScan {
  readonly seq: number
  readonly #domain: Domain
  readonly #context: ScanContext
  readonly #changed: ChangedSince
  /** Reconstructed documents may be larger than the current ones, so that the pages are split again. */
  readonly #chunks = new InfoChunks((byteLimit) => this.#next(byteLimit))
  #cursor: string | undefined

  constructor(domain: Domain, context: ScanContext) {
    this.#domain = domain
    this.#context = context
    this.#changed = new ChangedSince(context.log, domain)
    this.seq = this.#changed.seq
  }

  next(byteLimit: number): Promise<{ docs: DocumentInfo[]; finished: boolean }> {
    return this.#chunks.next(byteLimit)
  }

  async #next(byteLimit: number): Promise<{ docs: DocumentInfo[]; finished: boolean }> {
    const read = await readPage(
      this.#domain,
      { cursor: this.#cursor, byteLimit, seq: this.seq },
      this.#context,
    )
    const docs = await this.#before(read.docs, (id) => this.#isWithin(id, read.last))
    const page = new InfoPage(Infinity)
    for (const doc of docs.sort((a, b) => this.#compare(a._id, b._id))) page.add(doc)
    this.#cursor = read.last
    return { docs: page.docs, finished: read.last === undefined }
  }

  async get(ids: readonly string[]): Promise<Doc[]> {
    const wanted = new Set(ids)
    const found = await this.#context.documents.read(this.#domain, ids)
    const docs = await this.#before(found, (id) => wanted.has(id))
    return this.#domain === domains.tx ? docs.filter(await this.#isLogged(ids)) : docs
  }

  /** Replaces changed documents with their former state. */
  async #before(now: readonly Doc[], isWanted: (id: string) => boolean): Promise<Doc[]> {
    if (this.#domain === domains.tx) return [...now]
    const ids = await this.#changed.ids()
    const wanted = [...ids].filter(isWanted)
    const same = now.filter(({ _id }) => !ids.has(_id))
    return wanted.length === 0 ? same : [...same, ...(await this.#changed.before(wanted, now))]
  }

  async #isLogged(ids: readonly string[]): Promise<(doc: Doc) => boolean> {
    const late = new Set<string>()
    const wanted = new Set(ids)
    for await (const { tx } of this.#context.log.after(this.seq)) if (wanted.has(tx._id)) late.add(tx._id)
    return ({ _id }) => !late.has(_id)
  }

  #isWithin(id: string, last: string | undefined): boolean {
    if (this.#cursor !== undefined && this.#compare(id, this.#cursor) <= 0) return false
    return last === undefined || this.#compare(id, last) <= 0
  }

  /** Compares in the order of the server. */
  #compare(a: string, b: string): number {
    if (this.#context.byCodePoint) return compareStrings(a, b)
    return a < b ? -1 : a > b ? 1 : 0
  }
}

/** A page of the current documents. */
export async function listPage(
  domain: Domain,
  request: { cursor: string | undefined; byteLimit: number },
  context: ScanContext,
): Promise<DocumentPage> {
  const { docs, last } = await readPage(domain, request, context)
  const page = new InfoPage(Infinity)
  for (const doc of docs) page.add(doc)
  return last === undefined ? { docs: page.docs } : { docs: page.docs, cursor: last }
}

async function readPage(
  domain: Domain,
  { cursor, byteLimit, seq }: { cursor: string | undefined; byteLimit: number; seq?: number },
  context: ScanContext,
): Promise<Read> {
  const { source, filter } = compileQuery(domain, { op: 'all-of', conditions: [] }, context)
  const id = `${source.prefix}_id`
  const conditions = [filter]
  if (cursor !== undefined) conditions.push({ [id]: { $gt: cursor } })
  if (seq !== undefined && domain === domains.tx) conditions.push({ _id: { $lte: seq } })
  const docs: Doc[] = []
  let bytes = 0
  for await (const doc of decoded(
    source.collection
      .find(both(conditions))
      .sort({ [id]: 1 })
      .batchSize(docsAtOnce),
    source.decode,
  )) {
    const size = Buffer.byteLength(JSON.stringify(doc))
    if (docs.length > 0 && bytes + size > byteLimit) return { docs, last: docs.at(-1)?._id }
    docs.push(doc)
    bytes += size
  }
  return { docs, last: undefined }
}
