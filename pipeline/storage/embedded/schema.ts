import type { Domain } from '../../../model/documents.ts'
import type { DomainSchema, StorageSchema } from '../contract.ts'
import { fragment, quoteName } from './fragment.ts'
import { awkwardIndexes, createDocumentTable, createIndex, declaredIndexes, tableName } from './tables.ts'
import type { WorkspaceFile } from './workspace-file.ts'

/** Everything declared now or kept from before: opening knows the base model only, and drops nothing for it. */
export function keptSchema(file: WorkspaceFile, declared: StorageSchema): StorageSchema {
  const stored = storedSchema(file)
  const byDomain = new Map(stored.domains.map((domain) => [domain.domain, domain]))
  for (const domain of declared.domains)
    byDomain.set(domain.domain, united(byDomain.get(domain.domain), domain))
  return { domains: [...byDomain.values()] }
}

function storedSchema(file: WorkspaceFile): StorageSchema {
  return JSON.parse(file.meta('schema') ?? '{"domains":[]}') as StorageSchema
}

function united(kept: DomainSchema | undefined, declared: DomainSchema): DomainSchema {
  if (kept === undefined) return declared
  return {
    domain: declared.domain,
    indexes: distinct([...kept.indexes, ...declared.indexes]),
    fullText: distinct([...kept.fullText, ...declared.fullText]),
  }
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
}

/** Makes the indexes of the schema and drops others. Does nothing when the file has exactly this one already. */
export function applySchema(file: WorkspaceFile, schema: StorageSchema): void {
  const text = JSON.stringify(schema)
  if (file.meta('schema') !== text) {
    file.transaction('immediate', () => {
      const before = storedSchema(file).domains.map((domain) => domain.domain)
      const byDomain = new Map(schema.domains.map((domain) => [domain.domain, domain]))
      for (const domain of new Set([...before, ...byDomain.keys()]))
        syncIndexes(file, domain, byDomain.get(domain))
      file.setMeta('schema', text)
    })
  }
  file.setSchema(schema)
}

/** Makes the table of a domain at its first document. */
export function ensureTable(file: WorkspaceFile, domain: Domain): void {
  if (file.table(domain).missing !== true) return
  file.db.exec(createDocumentTable(domain))
  syncIndexes(file, domain, file.schemaOf(domain))
}

function syncIndexes(file: WorkspaceFile, domain: Domain, schema: DomainSchema | undefined): void {
  if (domain !== 'tx' && !file.hasTable(domain)) return
  const wanted = new Map([
    ...declaredIndexes(domain, schema).map((index) => [index.name, createIndex(domain, index)] as const),
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
