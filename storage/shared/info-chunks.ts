import type { DocumentInfo } from '../contract.ts'

interface Infos {
  docs: DocumentInfo[]
  finished: boolean
}

/** Splits what is read into chunks of a number of bytes of documents. A larger document is a chunk of its own. */
export class InfoChunks {
  readonly #read: (byteLimit: number) => Promise<Infos>
  /** Read, but not yet part of a chunk: a failed read loses nothing. */
  readonly #ahead: DocumentInfo[] = []
  #isAtEnd = false

  /** `read` returns the next documents, of about this number of bytes. */
  constructor(read: (byteLimit: number) => Promise<Infos>) {
    this.#read = read
  }

  /** One call at a time. */
  async next(byteLimit: number): Promise<Infos> {
    for (;;) {
      const { count, bytes } = this.#fitting(byteLimit)
      if (this.#isAtEnd || count < this.#ahead.length) {
        const docs = this.#ahead.splice(0, count)
        return { docs, finished: this.#isAtEnd && this.#ahead.length === 0 }
      }
      const { docs, finished } = await this.#read(Math.max(1, byteLimit - bytes))
      for (const info of docs) this.#ahead.push(info)
      this.#isAtEnd = finished
    }
  }

  #fitting(byteLimit: number): { count: number; bytes: number } {
    let [count, bytes] = [0, 0]
    for (const { size } of this.#ahead) {
      if (count > 0 && bytes + size > byteLimit) break
      count += 1
      bytes += size
    }
    return { count, bytes }
  }
}
