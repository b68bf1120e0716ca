import { createHash } from 'node:crypto'
import type { Doc } from '../../model/documents.ts'
import { canonicalJson } from '../../model/hash-chain.ts'
import type { DocumentInfo } from '../contract.ts'

/** The documents of a page, up to a limit in bytes of their JSON text. */
export class InfoPage {
  readonly docs: DocumentInfo[] = []
  readonly #byteLimit: number
  #bytes = 0

  constructor(byteLimit: number) {
    this.#byteLimit = byteLimit
  }

  /** Whether the document fits. The first one always does. */
  add(doc: Doc, size = Buffer.byteLength(JSON.stringify(doc))): boolean {
    if (this.docs.length > 0 && this.#bytes + size > this.#byteLimit) return false
    this.docs.push({ id: doc._id, hash: hashOf(doc), size })
    this.#bytes += size
    return true
  }
}

/** Equal to the model's `contentHash`, but faster in Node. */
function hashOf(doc: Doc): string {
  return createHash('sha256').update(canonicalJson(doc)).digest('hex')
}
