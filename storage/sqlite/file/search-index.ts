import { hash } from 'node:crypto'
import type { Doc, Domain } from '../../../model/documents.ts'
import type { DomainSchema } from '../../contract.ts'
import { type JsonText, parseJson } from '../../shared/json-text.ts'
import { declaredSearch, hasAccents, searchText } from '../../search/search-text.ts'
import { indexedText } from '../sql/compile-search.ts'
import { fragment } from '../sql/sql-fragment.ts'
import { changedIds, lastSequence } from './log.ts'
import type { WorkspaceFile } from './workspace-file.ts'

/** Version of the content. An index of another version is rebuilt. */
const indexVersion = 3
const documentsASlice = 200
/** Log entries that are read at a time. */
const entriesAtOnce = 32

/** The progress of the index. */
interface Progress {
  /** The declarations that the index was built for. It is rebuilt when they change. */
  declared: string
  /** The last log entry that the index contains. */
  cursor: number
  /** Domains that remain to be read from the start. The first one continues after the id `after`. */
  rebuild: Domain[]
  after: string
}

/** Starts a rebuild if the index was built for other declarations. */
export function prepareSearch(file: WorkspaceFile): void {
  const declared = JSON.stringify([indexVersion, [...searchable(file)].map(declaredSearch)])
  if (progressOf(file)?.declared === declared) return
  file.transaction('immediate', () => {
    file.run(`INSERT INTO search (search) VALUES ('delete-all')`)
    file.run('DELETE FROM search_doc')
    const rebuild = [...searchable(file)].map(({ domain }) => domain)
    saveProgress(file, { declared, cursor: lastSequence(file), rebuild, after: '' })
  })
}

/** Makes the next opening rebuild the index, because log positions have changed. */
export function forgetSearch(file: WorkspaceFile): void {
  file.run(`DELETE FROM meta WHERE name = 'search'`)
}

/**
 * Indexes the next documents, up to a log position and while `goesOn` returns true. Returns false if there is nothing
 * to do. The progress is written to the same file, so that the transaction need not be synced.
 */
export function indexSlice(file: WorkspaceFile, target: number, goesOn: () => boolean): boolean {
  const progress = progressOf(file)
  if (progress === undefined) return false
  if (progress.rebuild.length === 0 && progress.cursor >= target) return false
  file.withoutSync(() => {
    file.transaction('immediate', () => {
      const next = progress.rebuild.length > 0 ? rebuildSlice : followLog
      saveProgress(file, next(file, progress, goesOn))
    })
  })
  return true
}

function rebuildSlice(file: WorkspaceFile, progress: Progress, goesOn: () => boolean): Progress {
  const [domain = '', ...others] = progress.rebuild
  const table = file.table(domain)
  const sql = `SELECT _id FROM ${table.name} WHERE _id > ? ORDER BY _id LIMIT ?`
  const ids =
    table.missing === true ? [] : file.column<string>(fragment(sql, progress.after, documentsASlice))
  if (ids.length === 0) return { ...progress, rebuild: others, after: '' }
  let { after } = progress
  for (const id of ids) {
    indexDocuments(file, domain, [id])
    after = id
    if (!goesOn()) break
  }
  return { ...progress, after }
}

function followLog(file: WorkspaceFile, progress: Progress, goesOn: () => boolean): Progress {
  const seen = new Set<string>()
  let { cursor } = progress
  const domains = [...searchable(file)].filter(({ domain }) => file.table(domain).missing !== true)
  const fields = fieldsOf(file)
  for (;;) {
    const changed = changedIds(file, { after: cursor, limit: entriesAtOnce, fields })
    for (const { seq, ids } of changed) {
      const fresh = ids().filter((id) => !seen.has(id))
      for (const { domain } of domains) indexDocuments(file, domain, fresh)
      for (const id of fresh) seen.add(id)
      cursor = seq
      if (!goesOn()) return { ...progress, cursor }
    }
    if (changed.length < entriesAtOnce) break
  }
  return { ...progress, cursor }
}

/** Fields of documents that the index depends on. */
function fieldsOf(file: WorkspaceFile): Set<string> {
  const searched = [...searchable(file)].flatMap(({ fullText }) => fullText.flatMap(([name]) => name ?? []))
  return new Set(['_class', 'space', 'createdBy', ...searched])
}

/** Updates the index entries of the documents, which may have been changed or removed. */
export function indexDocuments(file: WorkspaceFile, domain: Domain, ids: readonly string[]): void {
  const schema = file.schemaOf(domain)
  if (schema === undefined || schema.fullText.length === 0) return
  const table = file.table(domain)
  for (const id of ids) {
    const data =
      table.missing === true
        ? undefined
        : file.value<JsonText<Doc>>(fragment(`SELECT data FROM ${table.name} WHERE _id = ?`, id))
    const wanted = data === undefined ? undefined : entryOf(parseJson(data), schema)
    const known = knownEntry(file, domain, id)
    if (known !== undefined && isSame(known, wanted)) continue
    if (known !== undefined) removeEntry(file, known.rowid)
    if (wanted !== undefined) addEntry(file, domain, wanted)
  }
}

interface Entry {
  id: string
  _class: string
  space: string
  createdBy: string
  title: string
  body: string
  digest: string
}

/** Undefined if the document has no text. */
function entryOf(doc: Doc, schema: DomainSchema): Entry | undefined {
  const { title, body } = indexedText(searchText(doc, schema), hasAccents(doc, schema))
  if (title === '' && body === '') return undefined
  const { _id, _class, space, createdBy = '' } = doc
  const digest = hash('sha1', `${title}\n${body}`, 'base64')
  return { id: _id, _class, space, createdBy, title, body, digest }
}

type KnownEntry = Pick<Entry, '_class' | 'space' | 'createdBy' | 'digest'> & { rowid: number }

function knownEntry(file: WorkspaceFile, domain: Domain, id: string): KnownEntry | undefined {
  const sql = 'SELECT rowid, _class, space, createdBy, digest FROM search_doc WHERE domain = ? AND id = ?'
  return file.rows<KnownEntry>(fragment(sql, domain, id))[0]
}

/** Most changes do not affect the words, and removing words from the index is the most expensive operation. */
function isSame(known: KnownEntry, wanted: Entry | undefined): boolean {
  if (known.digest !== wanted?.digest || known.createdBy !== wanted.createdBy) return false
  return known._class === wanted._class && known.space === wanted.space
}

function removeEntry(file: WorkspaceFile, rowid: number): void {
  file.run('DELETE FROM search WHERE rowid = ?', [rowid])
  file.run('DELETE FROM search_doc WHERE rowid = ?', [rowid])
}

function addEntry(file: WorkspaceFile, domain: Domain, entry: Entry): void {
  const { id, _class, space, createdBy, digest, title, body } = entry
  const insert =
    'INSERT INTO search_doc (domain, id, _class, space, createdBy, digest) VALUES (?, ?, ?, ?, ?, ?)'
  const rowid = file.insert(insert, [domain, id, _class, space, createdBy, digest])
  file.run('INSERT INTO search (rowid, title, body) VALUES (?, ?, ?)', [rowid, title, body])
}

function* searchable(file: WorkspaceFile): Iterable<DomainSchema> {
  for (const schema of file.schemas) if (schema.fullText.length > 0) yield schema
}

function progressOf(file: WorkspaceFile): Progress | undefined {
  const text = file.meta('search')
  return text === undefined ? undefined : JSON.parse(text)
}

function saveProgress(file: WorkspaceFile, progress: Progress): void {
  file.setMeta('search', JSON.stringify(progress))
}
