import type { Doc, Domain } from './documents.ts'
import type { DocumentSource } from './query/document-source.ts'
import { evaluatePlan } from './query/evaluate.ts'
import type { FindPlan } from './query/plan.ts'
import type { FindResult } from './query/query.ts'
import type { WorkMeter } from './query/work-meter.ts'

/** Documents in memory, by domain. They are replaced and never changed in place, so that results stay valid. */
export class DocumentStore implements DocumentSource {
  readonly #domains = new Map<Domain, Map<string, Doc>>()
  /** Ids of attached documents with their domains, by the id of their parent. */
  readonly #attached = new Map<string, Map<string, Domain>>()

  get(domain: Domain, id: string): Doc | undefined {
    return this.#domains.get(domain)?.get(id)
  }

  documents(domain: Domain): Iterable<Doc> {
    return this.#domains.get(domain)?.values() ?? []
  }

  domains(): Iterable<Domain> {
    return this.#domains.keys()
  }

  /** Adds or replaces the document. */
  put(domain: Domain, doc: Doc): void {
    const docs = this.#domains.get(domain) ?? new Map<string, Doc>()
    this.#domains.set(domain, docs)
    this.#detach(docs.get(doc._id))
    docs.set(doc._id, doc)
    const parent = parentOf(doc)
    if (parent === undefined) return
    const siblings = this.#attached.get(parent) ?? new Map<string, Domain>()
    this.#attached.set(parent, siblings.set(doc._id, domain))
  }

  remove(domain: Domain, id: string): void {
    const docs = this.#domains.get(domain)
    this.#detach(docs?.get(id))
    docs?.delete(id)
  }

  /** The documents attached to a document, in every domain. */
  attached(id: string): { domain: Domain; doc: Doc }[] {
    const children = [...(this.#attached.get(id) ?? [])]
    return children.flatMap(([child, domain]) => {
      const doc = this.get(domain, child)
      return doc === undefined ? [] : [{ domain, doc }]
    })
  }

  find(plan: FindPlan, meter?: WorkMeter): FindResult {
    return evaluatePlan(plan, this, meter)
  }

  clear(): void {
    this.#domains.clear()
    this.#attached.clear()
  }

  #detach(doc: Doc | undefined): void {
    const parent = doc === undefined ? undefined : parentOf(doc)
    if (doc === undefined || parent === undefined) return
    const siblings = this.#attached.get(parent)
    siblings?.delete(doc._id)
    if (siblings?.size === 0) this.#attached.delete(parent)
  }
}

function parentOf(doc: Doc): string | undefined {
  const attachedTo = 'attachedTo' in doc ? doc.attachedTo : undefined
  return typeof attachedTo === 'string' ? attachedTo : undefined
}
