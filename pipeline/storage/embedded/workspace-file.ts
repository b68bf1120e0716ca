import type { Domain } from '../../../model/documents.ts'
import { domains } from '../../../model/identifiers.ts'
import type { Path } from '../../../model/query/plan.ts'
import type { DomainSchema, StorageSchema } from '../contract.ts'
import { pathSql } from './compile-path.ts'
import { Connection, type ConnectionOptions } from './database.ts'
import { fragment } from './fragment.ts'
import type { Catalog, TableSql } from './scope.ts'
import { tableName, tableSql } from './tables.ts'

/** A workspace's open file: its connection, and what is known of its tables. */
export class WorkspaceFile extends Connection implements Catalog {
  #schemas = new Map<Domain, DomainSchema>()
  readonly #tables = new Map<Domain, TableSql>()

  constructor(file: string, schema: StorageSchema, options: ConnectionOptions) {
    super(file, options)
    this.setSchema(schema)
  }

  setSchema(schema: StorageSchema): void {
    this.#schemas = new Map(schema.domains.map((domain) => [domain.domain, domain]))
    this.forgetTables()
  }

  /** After a rollback, which may have taken a new table with it. */
  forgetTables(): void {
    this.#tables.clear()
  }

  schemaOf(domain: Domain): DomainSchema | undefined {
    return this.#schemas.get(domain)
  }

  get schemas(): Iterable<DomainSchema> {
    return this.#schemas.values()
  }

  table(domain: Domain): TableSql {
    const known = this.#tables.get(domain)
    if (known !== undefined) return known
    const missing = domain !== domains.tx && !this.hasTable(domain)
    const table = tableSql(domain, this.#schemas.get(domain), missing)
    // A missing table may be made by the writer at any time.
    if (!missing) this.#tables.set(domain, table)
    return table
  }

  hasTable(domain: Domain): boolean {
    const sql = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`
    return this.value(fragment(sql, tableName(domain))) !== undefined
  }

  isPlain(table: TableSql, path: Path): boolean {
    const expression = pathSql(path, table.columns, '')
    if (expression === undefined) return false
    if (expression.column || table.missing === true) return true
    const sql = `SELECT EXISTS (SELECT 1 FROM ${table.name} WHERE ${expression.awkward})`
    return this.value<number>(fragment(sql)) === 0
  }

  meta(name: string): string | undefined {
    return this.value<string>(fragment('SELECT value FROM meta WHERE name = ?', name))
  }

  setMeta(name: string, value: string): void {
    this.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', [name, value])
  }
}
