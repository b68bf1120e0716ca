import type { Doc, Domain } from '../../../model/documents.ts'
import type { DomainSchema } from '../contract.ts'
import { searchText } from '../search-text.ts'
import { fragment } from './fragment.ts'
import { changedIds, lastSequence } from './log.ts'
import type { WorkspaceFile } from './workspace-file.ts'

const documentsASlice = 200

/** How far the index has come. */
interface Progress {
  /** What the index was made for. Another declaration makes it anew. */
  declared: string
  /** The last log entry it has seen. */
  cursor: number
  /** Domains that are still to be read from the start, the first one after the id. */
  rebuild: Domain[]
  after: string
}

/** Starts the index anew when other fields are declared than it was made for. */
export function prepareSearch(file: WorkspaceFile): void {
  const declared = JSON.stringify([...searchable(file)].map(({ domain, fullText }) => [domain, fullText]))
  if (progressOf(file)?.declared === declared) return
  file.transaction('immediate', () => {
    file.run(`INSERT INTO search (search) VALUES ('delete-all')`)
    file.run('DELETE FROM search_doc')
    const rebuild = [...searchable(file)].map(({ domain }) => domain)
    saveProgress(file, { declared, cursor: lastSequence(file), rebuild, after: '' })
  })
}

/** Makes the index anew at the next opening: the places in the log have changed. */
export function forgetSearch(file: WorkspaceFile): void {
  file.run(`DELETE FROM meta WHERE name = 'search'`)
}

/** Indexes the next few documents; false when it is up to date. */
export function indexSlice(file: WorkspaceFile): boolean {
  const progress = progressOf(file)
  if (progress === undefined) return false
  const next = progress.rebuild.length > 0 ? () => rebuildSlice(file, progress) : followLog(file, progress)
  if (next === undefined) return false
  file.transaction('immediate', () => {
    saveProgress(file, next())
  })
  return true
}

function rebuildSlice(file: WorkspaceFile, progress: Progress): Progress {
  const [domain = '', ...others] = progress.rebuild
  const table = file.table(domain)
  const sql = `SELECT _id FROM ${table.name} WHERE _id > ? ORDER BY _id LIMIT ?`
  const ids =
    table.missing === true ? [] : file.column<string>(fragment(sql, progress.after, documentsASlice))
  indexDocuments(file, domain, ids)
  const last = ids.at(-1)
  return last === undefined ? { ...progress, rebuild: others, after: '' } : { ...progress, after: last }
}

function followLog(file: WorkspaceFile, progress: Progress): (() => Progress) | undefined {
  const { ids, last } = changedIds(file, progress.cursor, documentsASlice)
  if (last === progress.cursor) return undefined
  return () => {
    for (const { domain } of searchable(file)) indexDocuments(file, domain, ids)
    return { ...progress, cursor: last }
  }
}

/** Brings the index entries of the documents up to date, whatever has become of them. */
export function indexDocuments(file: WorkspaceFile, domain: Domain, ids: readonly string[]): void {
  const schema = file.schemaOf(domain)
  if (schema === undefined || schema.fullText.length === 0 || ids.length === 0) return
  const table = file.table(domain)
  for (const id of ids) {
    const data =
      table.missing === true
        ? undefined
        : file.value<string>(fragment(`SELECT data FROM ${table.name} WHERE _id = ?`, id))
    removeEntry(file, domain, id)
    if (data !== undefined) addEntry(file, schema, JSON.parse(data) as Doc)
  }
}

function removeEntry(file: WorkspaceFile, domain: Domain, id: string): void {
  const select = 'SELECT rowid FROM search_doc WHERE domain = ? AND id = ?'
  const rowid = file.value<number>(fragment(select, domain, id))
  if (rowid === undefined) return
  file.run('DELETE FROM search WHERE rowid = ?', [rowid])
  file.run('DELETE FROM search_doc WHERE rowid = ?', [rowid])
}

function addEntry(file: WorkspaceFile, schema: DomainSchema, doc: Doc): void {
  const { title, body } = searchText(doc, schema.fullText)
  if (title.length + body.length === 0) return
  const insert = 'INSERT INTO search_doc (domain, id, _class, space) VALUES (?, ?, ?, ?)'
  const rowid = file.insert(insert, [schema.domain, doc._id, doc._class, doc.space])
  file.run('INSERT INTO search (rowid, title, body) VALUES (?, ?, ?)', [
    rowid,
    title.join(' '),
    body.join(' '),
  ])
}

function* searchable(file: WorkspaceFile): Iterable<DomainSchema> {
  for (const schema of file.schemas) if (schema.fullText.length > 0) yield schema
}

function progressOf(file: WorkspaceFile): Progress | undefined {
  const text = file.meta('search')
  return text === undefined ? undefined : (JSON.parse(text) as Progress)
}

function saveProgress(file: WorkspaceFile, progress: Progress): void {
  file.setMeta('search', JSON.stringify(progress))
}
