import type { Collection, Document } from 'mongodb'
import type { Doc, Domain } from '../../../model/documents.ts'
import { hasPlainOrder } from '../../../model/query/compare.ts'
import type { Path } from '../../../model/query/plan.ts'
import { putMarks } from '../driver/marks.ts'

type Kind = 'array' | 'object' | 'text'

/** Fields noted of a domain at most; beyond, every order is the model's. */
const maxNoted = 500

/** Noted of a domain some of whose documents are stored as text. */
const textNote = JSON.stringify(['as-text'])

/**
 * The fields some of whose values are no plain ones, by domain: those are sorted by the model, all others by the
 * server. What is noted stays noted, and is durable before the documents that made it so are written: whoever
 * opens the workspace next has to know. Notes are only ever added, so two owners cannot undo each other's.
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

  /** Only fields, and fields of mixins: others may have any number of names. */
  isSortable(domain: Domain, path: Path): boolean {
    const [first = ''] = path
    const noted = this.#noted.get(domain)
    if (path.length > 2 || (path.length === 2 && !isMixin(first))) return false
    if (noted === undefined) return true
    if (noted.has(textNote)) return false
    if (noted.size >= maxNoted || (path.length === 2 && noted.has(noteOf('array', [first])))) return false
    return !(['array', 'object', 'text'] as const).some((kind) => noted.has(noteOf(kind, path)))
  }

  /** Whether some documents are stored as text, of which the server can tell nothing. */
  hasTexts(domain: Domain): boolean {
    return this.#noted.get(domain)?.has(textNote) === true
  }

  /** Durable when it resolves. */
  async noteText(domain: Domain): Promise<void> {
    if (this.hasTexts(domain)) return
    await putMarks(this.#collection, [JSON.stringify([domain, textNote])])
    this.#of(domain).add(textNote)
  }

  /** Whether the field may hold arrays, or be within some. */
  mayHaveArrays(domain: Domain, path: Path): boolean {
    const [first = ''] = path
    const noted = this.#noted.get(domain)
    if (path.length > 2 || (path.length === 2 && !isMixin(first))) return true
    if (noted !== undefined && noted.size >= maxNoted) return true
    return path.some((_, index) => noted?.has(noteOf('array', path.slice(0, index + 1))) === true)
  }

  /** Resolves when what is new of these documents is noted; with whether anything was. */
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

/** `[mixinId, field]` are the only paths of two names that a model declares. */
function isMixin(name: string): boolean {
  return name.includes(':')
}
