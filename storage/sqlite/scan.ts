import type { Doc } from '../../model/documents.ts'
import type { DocumentInfo, DomainScan } from '../contract.ts'
import type { LongRead } from '../shared/long-reads.ts'
import { parseJson } from '../shared/json-text.ts'
import { InfoChunks } from '../shared/info-chunks.ts'
import type { ReadCall, ResultOfCall, ScanStarted } from './worker/worker-protocol.ts'

/** Bytes of documents hashed at once: other reads have their turn in between. */
const SLICE_BYTES = 256 * 1024

/** Asks the thread that has the snapshot. */
export interface Reader {
  ask: <C extends ReadCall>(call: C) => Promise<ResultOfCall<C>>
}

/** A walk that a reader's thread keeps a snapshot for. */
export class SqliteScan implements DomainScan {
  readonly seq: number
  readonly #id: number
  readonly #read: LongRead
  readonly #reader: Reader
  readonly #chunks = new InfoChunks((byteLimit) => this.#slice(Math.min(SLICE_BYTES, byteLimit)))

  constructor({ seq, read: id }: ScanStarted, read: LongRead, reader: Reader) {
    this.seq = seq
    this.#id = id
    this.#read = read
    this.#reader = reader
  }

  next(byteLimit: number): Promise<{ docs: DocumentInfo[]; finished: boolean }> {
    return this.#read.step(async () => {
      const { docs, finished } = await this.#chunks.next(byteLimit)
      if (finished) this.#read.finished()
      return { docs, finished }
    })
  }

  get(ids: readonly string[]): Promise<Doc[]> {
    return this.#read.step(async () => {
      return parseJson(await this.#reader.ask({ method: 'getInScan', read: this.#id, ids }))
    })
  }

  close(): void {
    this.#read.end()
  }

  async #slice(byteLimit: number): Promise<{ docs: DocumentInfo[]; finished: boolean }> {
    return parseJson(await this.#reader.ask({ method: 'nextScanPage', read: this.#id, byteLimit }))
  }
}
