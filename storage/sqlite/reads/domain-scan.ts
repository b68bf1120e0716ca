import type { Doc, Domain } from '../../../model/documents.ts'
import type { DocumentInfo } from '../../contract.ts'
import type { JsonText } from '../../shared/json-text.ts'
import { listDocuments, readDocuments } from '../file/documents.ts'
import { lastSequence } from '../file/log.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

/** A scan of a domain in a snapshot of the file. Create it within a transaction, which it keeps open. */
export class FileScan {
  readonly seq: number
  readonly #file: WorkspaceFile
  readonly #domain: Domain
  #cursor: string | undefined
  #finished = false

  constructor(file: WorkspaceFile, domain: Domain) {
    this.#file = file
    this.#domain = domain
    this.seq = lastSequence(file)
  }

  next(byteLimit: number): { docs: DocumentInfo[]; finished: boolean } {
    if (this.#finished) return { docs: [], finished: true }
    const page = listDocuments(this.#file, { domain: this.#domain, cursor: this.#cursor, byteLimit })
    this.#cursor = page.docs.at(-1)?.id ?? this.#cursor
    this.#finished = page.finished
    return page
  }

  /** The JSON texts of the existing documents. */
  get(ids: readonly string[]): JsonText<Doc>[] {
    return readDocuments(this.#file, this.#domain, ids)
  }

  /** Ends the snapshot. */
  close(): void {
    this.#file.close()
  }
}
