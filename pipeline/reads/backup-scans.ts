import type { Doc, Domain } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentInfo, DomainScan, WorkspaceStorage } from '../../storage/contract.ts'

/** Maximum bytes of the documents in one chunk: see PROTOCOL.md. */
const CHUNK_BYTES = 2 * 1024 * 1024
/** Maximum concurrent scans of the backup tools of a workspace. */
const MAX_SCANS = 16

export interface BackupChunk {
  idx: number
  docs: DocumentInfo[]
  finished: boolean
  /** The position in the log as of which the scan lists documents. */
  seq: number
}

interface OpenScan {
  domain: Domain
  scan: DomainScan
  finished: boolean
  /** The last requested chunk: chunks are read one after another. */
  last: Promise<unknown>
}

/**
 * The scans of a workspace's backup tools, by `idx`. They outlive a connection, so a tool that reconnects continues.
 * Storage ends scans that are not continued.
 */
export class BackupScans {
  readonly #storage: WorkspaceStorage
  readonly #scans = new Map<number, OpenScan>()
  #last = 0

  constructor(storage: WorkspaceStorage) {
    this.#storage = storage
  }

  /** @throws StatusError LimitReached when too many scans are open */
  async begin(domain: Domain): Promise<number> {
    if (this.#scans.size >= MAX_SCANS) this.#makeRoom()
    const idx = ++this.#last
    const scan = await this.#storage.scan(domain)
    this.#scans.set(idx, { domain, scan, finished: false, last: Promise.resolve() })
    return idx
  }

  /** @throws StatusError BadRequest when there is no such scan of the domain; as storage does */
  async next(domain: Domain, idx: number): Promise<BackupChunk> {
    const own = this.#find(domain, idx)
    const chunk = own.last.then(() => own.scan.next(CHUNK_BYTES))
    own.last = chunk.catch(() => undefined)
    const { docs, finished } = await this.#kept(idx, chunk)
    own.finished = finished
    return { idx, docs, finished, seq: own.scan.seq }
  }

  /** @throws as `next` */
  async get(domain: Domain, idx: number, ids: readonly string[]): Promise<Doc[]> {
    return await this.#kept(idx, this.#find(domain, idx).scan.get(ids))
  }

  /** Idempotent. */
  close(idx: number): void {
    this.#scans.get(idx)?.scan.close()
    this.#scans.delete(idx)
  }

  #find(domain: Domain, idx: number): OpenScan {
    const own = this.#scans.get(idx)
    if (own?.domain === domain) return own
    throw new StatusError('platform:status:BadRequest', { message: `there is no chunk ${idx} of ${domain}` })
  }

  /** A scan that failed is closed. */
  async #kept<T>(idx: number, run: Promise<T>): Promise<T> {
    try {
      return await run
    } catch (error) {
      this.close(idx)
      throw error
    }
  }

  /** Older tools do not close finished scans. */
  #makeRoom(): void {
    const [done] = [...this.#scans].find(([, { finished }]) => finished) ?? []
    if (done === undefined)
      throw new StatusError('platform:status:LimitReached', { limit: 'open chunks', value: MAX_SCANS })
    this.close(done)
  }
}
