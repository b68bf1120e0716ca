import type { Doc, Domain } from '../../../model/documents.ts'
import { pushAll } from '../../../model/push-all.ts'
import type { WorkspaceStorage } from '../../contract.ts'
import { namedIds } from '../../shared/named-ids.ts'
import { both } from '../filters/compile-condition.ts'
import type { Log } from '../log/log.ts'
import { transactionOf } from '../log/stored-document.ts'
import { compileQuery, type QueryContext } from '../query/query.ts'
import type { IndexFile } from './index-file.ts'
import type { SearchedFields } from './searched-fields.ts'

/** Documents, or log entries, that are indexed at a time. */
export const AT_ONCE = 500

/** Copies the searched fields of documents from the database to the index file. */
export class IndexFeed {
  readonly #index: IndexFile
  readonly #context: QueryContext & { log: Log }

  constructor(index: IndexFile, context: QueryContext & { log: Log }) {
    this.#index = index
    this.#context = context
  }

  /** Indexes the next documents, or the next log entries. Resolves with whether there were any. */
  async advance(file: WorkspaceStorage, fields: SearchedFields): Promise<boolean> {
    return (await this.#rebuildSlice(file, fields)) || (await this.#followSlice(file, fields))
  }

  /** Indexes the documents as they are now. */
  async update(file: WorkspaceStorage, fields: SearchedFields, part: Part): Promise<void> {
    const { domain, ids } = part
    const docs = await this.#context.documents.read(domain, ids)
    const found = new Set<string>(docs.map(({ _id }) => _id))
    if (docs.length > 0)
      await file.upload(
        domain,
        docs.map((doc) => fields.pruned(domain, doc)),
      )
    const removed = ids.filter((id) => !found.has(id))
    if (removed.length > 0) await file.clean(domain, removed)
  }

  async #rebuildSlice(file: WorkspaceStorage, fields: SearchedFields): Promise<boolean> {
    const { state } = this.#index
    const [domain, ...others] = state?.rebuild ?? []
    if (state === undefined || domain === undefined) return false
    const { source, filter } = compileQuery(domain, { op: 'all-of', conditions: [] }, this.#context)
    const rest = both([filter, { _id: { $gt: state.after } }])
    const cursor = source.collection.find(rest).sort({ _id: 1 }).limit(AT_ONCE)
    const docs: Doc[] = []
    let last: unknown
    for await (const stored of cursor) {
      last = stored._id
      pushAll(docs, source.decode(stored))
    }
    await file.upload(
      domain,
      docs.map((doc) => fields.pruned(domain, doc)),
    )
    const next = typeof last === 'string' ? { after: last } : { rebuild: others, after: '' }
    await this.#index.save(file, { ...state, ...next })
    return true
  }

  async #followSlice(file: WorkspaceStorage, fields: SearchedFields): Promise<boolean> {
    const { log } = this.#context
    const { state } = this.#index
    if (state === undefined || state.seq >= log.lastSeq) return false
    const changed = new Map<Domain, Set<string>>()
    let { seq } = state
    for await (const entry of log.after(seq)) {
      if (entry._id > log.lastSeq || entry._id > state.seq + AT_ONCE) break
      seq = entry._id
      const domains = entry['%domain'] === undefined ? fields.domains.keys() : [entry['%domain']]
      for (const domain of domains) {
        if (!fields.domains.has(domain)) continue
        const ids = changed.get(domain) ?? new Set()
        for (const id of namedIds(transactionOf(entry))) ids.add(id)
        changed.set(domain, ids)
      }
    }
    for (const [domain, ids] of changed) await this.update(file, fields, { domain, ids: [...ids] })
    await this.#index.save(file, { ...state, seq })
    return seq > state.seq
  }
}

interface Part {
  domain: Domain
  ids: readonly string[]
}
