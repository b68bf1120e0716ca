import type { Collection, Document } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import { hasPlainOrder } from '../../../model/query/compare.ts'
import type { Path } from '../../../model/query/plan.ts'
import { putMarks } from '../driver/marks.ts'

type Kind = 'array' | 'object' | 'text'

/** Maximum number of notes per domain. Beyond it, the model sorts all fields. */
const maxNoted = 500

/** Note that the domain has documents stored as text. */
const textNote = JSON.stringify(['as-text'])

/**
 * Fields with non-scalar values, by domain. The model sorts by these fields, the server by all others. A note is
 * never removed, and is durable before the document is written, because the next owner needs it. Notes are only
 * added, so that two owners do not conflict.
 */
export class MixedTypeFields {
  readonly #collection: Collection<Document & { _id: string }>
  readonly #byCodePoint: boolean
  readonly #noted = new Map<Domain, Set<string>>()

  constructor(collection: Collection<Document & { _id: string }>, byCodePoint: boolean) {
    this.#collection = collection
    this.#byCodePoint = byCodePoint
  }

  async load(): Promise<void> {
    for await (const { _id } of this.#collection.find()) {
      const [domain, note]: [Domain, string] = JSON.parse(_id)
      this.#of(domain).add(note)
    }
  }

  /** Supports only fields, and fields of mixins: other paths may have any number of names. */
  isSortable(domain: Domain, path: Path): boolean {
    const [first = ''] = path
    const noted = this.#noted.get(domain)
    if (path.length > 2 || (path.length === 2 && !isMixin(first))) return false
    if (noted === undefined) return true
    if (noted.has(textNote)) return false
    if (noted.size >= maxNoted || (path.length === 2 && noted.has(noteOf('array', [first])))) return false
    return !(['array', 'object', 'text'] as const).some((kind) => noted.has(noteOf(kind, path)))
  }

  /** Whether the domain has documents stored as text, which the server cannot query. */
  hasTextDocuments(domain: Domain): boolean {
    return this.#noted.get(domain)?.has(textNote) === true
  }

  /** Durable when the promise resolves. */
  async noteTextDocuments(domain: Domain): Promise<void> {
    if (this.hasTextDocuments(domain)) return
    await putMarks(this.#collection, [JSON.stringify([domain, textNote])])
    this.#of(domain).add(textNote)
  }

  /** Whether the field, or a part of its path, may be an array. */
  mayHaveArrays(domain: Domain, path: Path): boolean {
    const [first = ''] = path
    const noted = this.#noted.get(domain)
    if (path.length > 2 || (path.length === 2 && !isMixin(first))) return true
    if (noted !== undefined && noted.size >= maxNoted) return true
    return path.some((_, index) => noted?.has(noteOf('array', path.slice(0, index + 1))) === true)
  }

  /** Makes notes for these documents. Resolves with whether there were new ones, once they are durable. */
  async note(docs: readonly { domain: Domain; doc: Doc }[]): Promise<boolean> {
    const fresh = new Map<string, () => void>()
    for (const { domain, doc } of docs) {
      const noted = this.#of(domain)
      if (noted.size >= maxNoted) continue
      for (const note of this.#notesOf(doc))
        if (!noted.has(note)) fresh.set(JSON.stringify([domain, note]), () => noted.add(note))
    }
    if (fresh.size === 0) return false
    await putMarks(this.#collection, [...fresh.keys()])
    for (const add of fresh.values()) add()
    return true
  }

  #of(domain: Domain): Set<string> {
    const noted = this.#noted.get(domain) ?? new Set<string>()
    this.#noted.set(domain, noted)
    return noted
  }

  #notesOf(doc: Doc): string[] {
    const notes: string[] = []
    for (const [name, value] of Object.entries(doc)) {
      this.#noteValue([name], value, notes)
      if (!isMixin(name) || typeof value !== 'object' || value === null || Array.isArray(value)) continue
      for (const [inner, item] of Object.entries(value)) this.#noteValue([name, inner], item, notes)
    }
    return notes
  }

  #noteValue(path: Path, value: unknown, notes: string[]): void {
    if (typeof value === 'string') {
      if (!this.#byCodePoint && !hasPlainOrder(value)) notes.push(noteOf('text', path))
    } else if (typeof value === 'object' && value !== null) {
      notes.push(noteOf(Array.isArray(value) ? 'array' : 'object', path))
    }
  }
}

function noteOf(kind: Kind, path: Path): string {
  return JSON.stringify([kind, ...path])
}

/** `[mixinId, field]` are the only declared paths with two names. */
function isMixin(name: string): boolean {
  return name.includes(':')
}
