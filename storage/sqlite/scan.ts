import type { Doc } from '../../model/documents.ts'
import type { DocumentInfo, DomainScan } from '../contract.ts'
import type { LongRead } from '../shared/long-reads.ts'
import { parseJson } from '../shared/json-text.ts'
import { InfoChunks } from '../shared/info-chunks.ts'
import type { ReadCall, ResultOfCall, ScanStarted } from './worker/worker-protocol.ts'

/** Bytes of documents per request, so that other reads get their turn. */
const SLICE_BYTES = 256 * 1024

/** Sends calls to the thread that holds the snapshot. */
export interface Reader {
  ask: <C extends ReadCall>(call: C) => Promise<ResultOfCall<C>>
}

/** A scan over a snapshot in a reader thread. */
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
