import type { Doc, Domain } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentInfo, DomainScan, WorkspaceStorage } from '../../storage/contract.ts'

/** Bytes of documents one chunk lists, as PROTOCOL.md says. */
const CHUNK_BYTES = 2 * 1024 * 1024
/** Walks over domains that a workspace's backup tools may have under way. */
const MAX_WALKS = 16

export interface BackupChunk {
  idx: number
  docs: DocumentInfo[]
  finished: boolean
  /** The last entry of the log that all chunks of the walk have taken into account. */
  seq: number
}

interface Walk {
  domain: Domain
  walk: DomainScan
  finished: boolean
  /** The chunk that was asked for last: they are read one after another. */
  last: Promise<unknown>
}

/**
 * The walks of a workspace's backup tools, by `idx`. They outlive a connection, so that a tool that comes back goes on;
 * storage ends those that nobody goes on with.
 */
export class BackupScans {
  readonly #storage: WorkspaceStorage
  readonly #walks = new Map<number, Walk>()
  #last = 0

  constructor(storage: WorkspaceStorage) {
    this.#storage = storage
  }

  /** @throws StatusError LimitReached when too many are under way */
  async begin(domain: Domain): Promise<number> {
    if (this.#walks.size >= MAX_WALKS) this.#makeRoom()
    const idx = ++this.#last
    const walk = await this.#storage.scan(domain)
    this.#walks.set(idx, { domain, walk, finished: false, last: Promise.resolve() })
    return idx
  }

  /** @throws StatusError BadRequest when there is no such walk over the domain; as storage does */
  async next(domain: Domain, idx: number): Promise<BackupChunk> {
    const own = this.#find(domain, idx)
    const chunk = own.last.then(() => own.walk.next(CHUNK_BYTES))
    own.last = chunk.catch(() => undefined)
    const { docs, finished } = await this.#kept(idx, chunk)
    own.finished = finished
    return { idx, docs, finished, seq: own.walk.seq }
  }

  /** @throws as `next` */
  async get(domain: Domain, idx: number, ids: readonly string[]): Promise<Doc[]> {
    return await this.#kept(idx, this.#find(domain, idx).walk.get(ids))
  }

  /** Idempotent. */
  close(idx: number): void {
    this.#walks.get(idx)?.walk.close()
    this.#walks.delete(idx)
  }

  #find(domain: Domain, idx: number): Walk {
    const own = this.#walks.get(idx)
    if (own?.domain === domain) return own
    throw new StatusError('platform:status:BadRequest', { message: `there is no chunk ${idx} of ${domain}` })
  }

  /** A walk that failed is over. */
  async #kept<T>(idx: number, run: Promise<T>): Promise<T> {
    try {
      return await run
    } catch (error) {
      this.close(idx)
      throw error
    }
  }

  /** Older tools do not close what has come to its end. */
  #makeRoom(): void {
    const [done] = [...this.#walks].find(([, { finished }]) => finished) ?? []
    if (done === undefined)
      throw new StatusError('platform:status:LimitReached', { limit: 'open chunks', value: MAX_WALKS })
    this.close(done)
  }
}
