import fc from 'fast-check'
import type { Doc, Domain } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { CommitBatch, LogEntry } from '../contract.ts'
import { documents, spaces } from './arbitrary.ts'
import { batch, entry } from './fixture.ts'

export const commitDomains = ['task', 'note']

interface Move {
  /** Index among the existing documents. */
  place: number
  space: string
}

/** A random commit, described without knowledge of the existing documents. */
export interface Change {
  puts: { domain: Domain; docs: Doc[] }
  /** Indexes among the existing documents. */
  removes: number[]
  moves: Move[]
  hidden: boolean
  result: string | undefined
  flaw: Flaw | undefined
}

/** The reason for which storage must refuse it. */
export type Flaw = 'gap' | 'repeated' | 'known request' | 'known document'

const places = fc.nat({ max: 30 })

export const changes: fc.Arbitrary<Change> = fc.record({
  puts: fc.record({ domain: fc.constantFrom(...commitDomains), docs: documents }),
  removes: fc.array(places, { maxLength: 3 }),
  moves: fc.array(fc.record({ place: places, space: spaces }), { maxLength: 3 }),
  hidden: fc.boolean(),
  result: fc.constantFrom(undefined, 'x', 'é'),
  flaw: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom<Flaw[]>('gap', 'repeated', 'known request', 'known document') },
  ),
})

interface Placed {
  domain: Domain
  doc: Doc
}

/** The content of all adapters, as far as the next commit depends on it. */
export class Committed {
  lastSeq = 0
  #documents: Placed[] = []

  /** The batch that makes the change; `undefined` when its flaw has no object. */
  batchOf(change: Change): CommitBatch | undefined {
    const taken = new Set<string>()
    const first = ({ doc }: Placed) => !taken.has(doc._id) && Boolean(taken.add(doc._id))
    const removes = change.removes.flatMap((place) => this.#at(place)).filter(first)
    const moved = change.moves.flatMap(({ place, space }) =>
      this.#at(place).map(({ domain, doc }) => ({ domain, doc: { ...doc, space } as Doc })),
    )
    const { domain, docs } = change.puts
    const puts = [...moved, ...docs.map((doc) => ({ domain, doc }))].filter(first)
    const entries = [
      ...puts.map(({ doc }) => ({ objectId: doc._id, objectSpace: doc.space, attributes: fieldsOf(doc) })),
      ...removes.map(({ doc }) => ({ _class: core.class.TxRemoveDoc, objectId: doc._id })),
    ].map((fields, at) => this.#entry(change, at, fields))
    const made = batch({
      entries,
      puts,
      removes: removes.map((each) => ({ domain: each.domain, id: each.doc._id })),
    })
    return change.flaw === undefined ? made : this.#flawed(made, change.flaw)
  }

  happened({ entries, puts, removes }: CommitBatch): void {
    this.lastSeq += entries.length
    const gone = new Set([
      ...puts.map(({ domain, doc }) => `${domain} ${doc._id}`),
      ...removes.map(({ domain, id }) => `${domain} ${id}`),
    ])
    const kept = this.#documents.filter(({ domain, doc }) => !gone.has(`${domain} ${doc._id}`))
    this.#documents = [...kept, ...puts]
  }

  #at(place: number): Placed[] {
    const found = this.#documents[place % Math.max(1, this.#documents.length)]
    return found === undefined ? [] : [found]
  }

  #entry(change: Change, at: number, fields: Record<string, unknown>): LogEntry {
    const seq = this.lastSeq + 1 + at
    const isHidden = change.hidden && at % 2 === 1
    const request = at === 0 || !change.hidden ? {} : { request: entry(this.lastSeq + 1).tx._id }
    const result = change.result === undefined ? {} : { result: change.result }
    return entry(
      seq,
      { ...fields, ...(isHidden ? { space: core.space.DerivedTx } : {}) },
      { ...request, ...result },
    )
  }

  #flawed(made: CommitBatch, flaw: Flaw): CommitBatch | undefined {
    const [head] = made.entries
    const [known] = this.#documents
    const knownId = entry(1).tx._id
    if (head === undefined || known === undefined) return undefined
    switch (flaw) {
      case 'gap':
        return { ...made, entries: made.entries.map((each) => ({ ...each, seq: each.seq + 1 })) }
      case 'repeated':
        return {
          ...made,
          entries: made.entries.with(made.entries.length - 1, {
            ...head,
            seq: this.lastSeq + made.entries.length,
            tx: { ...head.tx, _id: knownId },
          }),
        }
      case 'known request':
        return { ...made, absent: { requests: ['new', knownId], documents: [] } }
      case 'known document':
        return {
          ...made,
          absent: { requests: [], documents: [{ domain: known.domain, ids: ['new', known.doc._id] }] },
        }
      default:
        return flaw satisfies never
    }
  }
}

function fieldsOf(doc: Doc): Record<string, unknown> {
  const { _id, _class, space: _space, ...attributes } = doc
  return attributes
}
