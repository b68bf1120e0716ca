import type { Doc, Domain } from '../../model/documents.ts'
import { domains } from '../../model/identifiers.ts'
import { compareStrings } from '../../model/query/compare.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import { MAX_ROW_STEPS, WorkMeter } from '../../model/query/work-meter.ts'
import type { FindResult } from '../../model/query/query.ts'
import {
  type CommitBatch,
  type DocumentPage,
  type DomainScan,
  type EncodedResult,
  type LogEntry,
  type LogRequest,
  type PartLimits,
  type Prefetch,
  type Prefetched,
  type SearchHit,
  type SearchRequest,
  StorageError,
  type StorageSchema,
  type WorkspaceStorage,
} from '../contract.ts'
import { encodeParts } from '../shared/encode.ts'
import type { MemoryHistory } from './history.ts'
import { search } from './search.ts'
import { byId, MemoryScan, pageOf } from './scan.ts'

export interface MemoryWorkspaceOptions {
  history: MemoryHistory
  schema: StorageSchema
  closed: () => void
}

export class MemoryWorkspace implements WorkspaceStorage {
  readonly epoch: string
  readonly lastSeq: number
  readonly maxGroupBytes = Infinity
  readonly #history: MemoryHistory
  readonly #closed: () => void
  #schema: StorageSchema
  #isClosed = false

  constructor({ history, schema, closed }: MemoryWorkspaceOptions) {
    this.#history = history
    this.#schema = schema
    this.#closed = closed
    this.epoch = history.epoch
    this.lastSeq = history.lastSeq
  }

  applySchema(schema: StorageSchema): Promise<void> {
    return this.#run(() => {
      this.#schema = schema
    })
  }

  find(plan: FindPlan): Promise<FindResult> {
    return this.#run(({ store }) => store.find(plan, new WorkMeter(MAX_ROW_STEPS)))
  }

  findEncoded(plan: FindPlan, limits: PartLimits): Promise<EncodedResult> {
    return this.#run(({ store }) => {
      const found = store.find(plan, new WorkMeter(MAX_ROW_STEPS))
      return encodeParts(
        found.map((doc) => JSON.stringify(doc)),
        found.total,
        limits,
      )
    })
  }

  get(domain: Domain, ids: readonly string[]): Promise<Doc[]> {
    return this.#run(({ store }) => [...new Set(ids)].flatMap((id) => store.get(domain, id) ?? []))
  }

  prefetch({ requests, documents }: Prefetch): Promise<Prefetched> {
    return this.#run((history) => ({
      requests: history.results(requests),
      documents: documents.map(({ domain, ids }) => ({
        domain,
        docs: [...new Set(ids)].flatMap((id) => history.store.get(domain, id) ?? []),
      })),
    }))
  }

  commit(batch: CommitBatch): Promise<void> {
    return this.#run((history) => {
      history.commit(batch)
    })
  }

  readLog(request: LogRequest): Promise<LogEntry[]> {
    return this.#run((history) => history.read(request))
  }

  search(request: SearchRequest): Promise<SearchHit[]> {
    return this.#run(({ store }) => search(store, this.#schema, request))
  }

  storedClasses(): Promise<{ domain: Domain; _class: string }[]> {
    return this.#run(({ store }) =>
      [...store.domains()].flatMap((domain) => {
        if (domain === domains.tx) return []
        const classes = new Set([...store.documents(domain)].map(({ _class }) => _class))
        return [...classes].map((_class) => ({ domain, _class }))
      }),
    )
  }

  list(domain: Domain, cursor: string | undefined, byteLimit: number): Promise<DocumentPage> {
    return this.#run(({ store }) => {
      const docs = byId(store, domain)
      const rest = cursor === undefined ? docs : docs.filter(({ _id }) => compareStrings(_id, cursor) > 0)
      return pageOf(rest, byteLimit)
    })
  }

  scan(domain: Domain): Promise<DomainScan> {
    return this.#run(({ store, lastSeq }) => new MemoryScan(lastSeq, byId(store, domain)))
  }

  upload(domain: Domain, docs: readonly Doc[]): Promise<void> {
    return this.#run((history) => {
      history.upload(domain, docs)
    })
  }

  clean(domain: Domain, ids: readonly string[]): Promise<void> {
    return this.#run((history) => {
      history.clean(domain, ids)
    })
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#closed()
    this.#isClosed = true
    return Promise.resolve()
  }

  async #run<T>(action: (history: MemoryHistory) => T): Promise<T> {
    if (this.#isClosed) throw new StorageError('closed', 'the workspace is closed')
    return action(this.#history)
  }
}
