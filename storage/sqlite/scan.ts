import type { Doc } from '../../model/documents.ts'
import type { DocumentInfo, DomainScan } from '../contract.ts'
import type { LongRead } from '../shared/long-reads.ts'
import { InfoChunks } from '../shared/info-chunks.ts'
import type { ReadCall, ScanStarted } from './worker/worker-protocol.ts'

/** Bytes of documents hashed at once: other reads have their turn in between. */
const SLICE_BYTES = 256 * 1024

/** A walk that a reader's thread keeps a snapshot for. */
export class SqliteScan implements DomainScan {
  readonly seq: number
  readonly #id: number
  readonly #read: LongRead
  readonly #ask: (call: ReadCall) => Promise<unknown>
  readonly #chunks = new InfoChunks((byteLimit) => this.#slice(Math.min(SLICE_BYTES, byteLimit)))

  constructor({ seq, read: id }: ScanStarted, read: LongRead, ask: (call: ReadCall) => Promise<unknown>) {
    this.seq = seq
    this.#id = id
    this.#read = read
    this.#ask = ask
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
      return JSON.parse((await this.#ask({ method: 'getInScan', read: this.#id, ids })) as string) as Doc[]
    })
  }

  close(): void {
    this.#read.end()
  }

  async #slice(byteLimit: number): Promise<{ docs: DocumentInfo[]; finished: boolean }> {
    const text = await this.#ask({ method: 'nextScanPage', read: this.#id, byteLimit })
    return JSON.parse(text as string) as { docs: DocumentInfo[]; finished: boolean }
  }
}
