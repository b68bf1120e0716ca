import type { Domain } from '../../../model/documents.ts'
import type { DomainSchema, StorageSchema } from '../../contract.ts'
import { mergeSchemas } from '../../shared/merge-schemas.ts'
import { formatVersion } from './database.ts'
import { fragment, quoteName } from '../sql/sql-fragment.ts'
import { keyFromJson, keyLayout } from '../sql/key-columns.ts'
import { awkwardIndexes, createDocumentTable, createIndex, declaredIndexes, tableName } from './tables.ts'
import type { WorkspaceFile } from './workspace-file.ts'

/** Versions of the file format that introduced these. */
const keyColumnsSince = 2
const creatorsSince = 3

/** The union of stored and new declarations. The opening knows only the base model and must not drop the rest. */
export function keptSchema(file: WorkspaceFile, declared: StorageSchema): StorageSchema {
  return mergeSchemas(storedSchema(file), declared)
}

function storedSchema(file: WorkspaceFile): StorageSchema {
  return JSON.parse(file.meta('schema') ?? '{"domains":[]}')
}

/** Creates the indexes of the schema and drops others. Does nothing if the file already has this schema. */
export function applySchema(file: WorkspaceFile, schema: StorageSchema): void {
  const text = JSON.stringify(schema)
  const version = file.formatVersion
  if (file.meta('schema') !== text || version < formatVersion) {
    file.transaction('immediate', () => {
      const before = new Map(storedSchema(file).domains.map((domain) => [domain.domain, domain]))
      const byDomain = new Map(schema.domains.map((domain) => [domain.domain, domain]))
      for (const domain of new Set([...before.keys(), ...byDomain.keys()])) {
        const declared = byDomain.get(domain)
        fillColumns(file, domain, declared, version < keyColumnsSince ? undefined : before.get(domain))
        syncIndexes(file, domain, declared)
      }
      file.setMeta('schema', text)
      if (version < keyColumnsSince) file.db.exec('ALTER TABLE search_doc ADD COLUMN digest')
      if (version < creatorsSince) file.db.exec('ALTER TABLE search_doc ADD COLUMN createdBy')
      file.db.pragma(`user_version = ${formatVersion}`)
    })
  }
  file.setSchema(schema)
}

/** Creates the table of a domain for its first document. */
export function ensureTable(file: WorkspaceFile, domain: Domain): void {
  if (file.table(domain).missing !== true) return
  file.db.exec(createDocumentTable(domain, keyLayout(domain, file.schemaOf(domain))))
  syncIndexes(file, domain, file.schemaOf(domain))
}

/**
 * Creates and fills columns for newly declared paths. Undeclared columns remain, because a reader may still use them.
 * They are filled again if they are declared again.
 */
function fillColumns(
  file: WorkspaceFile,
  domain: Domain,
  schema: DomainSchema | undefined,
  before: DomainSchema | undefined,
): void {
  if (!file.hasTable(domain)) return
  const filled = new Set(keyLayout(domain, before).columns.map(({ name }) => name))
  const fresh = keyLayout(domain, schema).columns.filter(({ name }) => !filled.has(name))
  if (fresh.length === 0) return
  const table = quoteName(tableName(domain))
  const present = new Set(
    file.rows<{ name: string }>(fragment(`PRAGMA table_info(${table})`)).map(({ name }) => name),
  )
  for (const { name } of fresh)
    if (!present.has(name)) file.db.exec(`ALTER TABLE ${table} ADD COLUMN ${name}`)
  file.db.exec(
    `UPDATE ${table} SET ${fresh.map(({ name, path }) => `${name} = ${keyFromJson(path)}`).join(', ')}`,
  )
}

function syncIndexes(file: WorkspaceFile, domain: Domain, schema: DomainSchema | undefined): void {
  if (domain !== 'tx' && !file.hasTable(domain)) return
  const layout = keyLayout(domain, schema)
  const wanted = new Map([
    ...declaredIndexes(domain, schema).map(
      (index) => [index.name, createIndex(domain, index, layout)] as const,
    ),
    ...awkwardIndexes(domain, schema).map((index) => [index.name, index.sql] as const),
  ])
  for (const name of declaredNames(file, domain))
    if (!wanted.has(name)) file.db.exec(`DROP INDEX ${quoteName(name)}`)
  for (const sql of wanted.values()) file.db.exec(sql)
}

function declaredNames(file: WorkspaceFile, domain: Domain): string[] {
  const sql = `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND substr(name, 1, 3) IN ('ix_', 'aw_')`
  return file.column<string>(fragment(sql, tableName(domain)))
}
