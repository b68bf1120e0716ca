import { LRUCache } from 'lru-cache'
import type { Domain } from '../../../model/documents.ts'
import { domains } from '../../../model/identifiers.ts'
import type { Path } from '../../../model/query/plan.ts'
import type { DomainSchema, StorageSchema } from '../../contract.ts'
import { pathSql } from '../sql/compile-path.ts'
import { Connection, type ConnectionOptions } from './database.ts'
import { always, type SqlFragment, fragment, template } from '../sql/sql-fragment.ts'
import { type PreparedFind, prepareFind } from '../sql/prepared-find.ts'
import { pathName } from '../sql/compile-path.ts'
import type { Catalog, TableSql } from '../sql/sql-scope.ts'
import type { QueryShape } from '../sql/query-shape.ts'
import { tableName, tableSql } from './tables.ts'

const shapesAtOnce = 200

/** The open file of a workspace: its connection and its tables. */
export class WorkspaceFile extends Connection implements Catalog {
  #schemas = new Map<Domain, DomainSchema>()
  readonly #tables = new Map<Domain, TableSql>()
  readonly #finds = new LRUCache<string, { prepared: PreparedFind | null }>({ max: shapesAtOnce })

  constructor(file: string, schema: StorageSchema, options: ConnectionOptions) {
    super(file, options)
    this.setSchema(schema)
  }

  setSchema(schema: StorageSchema): void {
    this.#schemas = new Map(schema.domains.map((domain) => [domain.domain, domain]))
    this.forgetTables()
  }

  /** After a rollback, which may have removed a new table. */
  forgetTables(): void {
    this.#tables.clear()
    this.#finds.clear()
  }

  schemaOf(domain: Domain): DomainSchema | undefined {
    return this.#schemas.get(domain)
  }

  get schemas(): Iterable<DomainSchema> {
    return this.#schemas.values()
  }

  table(domain: Domain): TableSql {
    const known = this.#tables.get(domain)
    if (known !== undefined && known.missing !== true) return known
    // The writer may create a missing table at any time.
    const missing = domain !== domains.tx && !this.hasTable(domain)
    if (known !== undefined && missing) return known
    const table = tableSql(domain, this.#schemas.get(domain), missing)
    this.#tables.set(domain, table)
    return table
  }

  hasTable(domain: Domain): boolean {
    const sql = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`
    return this.value(fragment(sql, tableName(domain))) !== undefined
  }

  isPlain(table: TableSql, path: Path): boolean {
    const nonScalar = this.nonScalarTest(table, path)
    return nonScalar === undefined || this.value<number>(template('SELECT {}', nonScalar)) === 0
  }

  nonScalarTest(table: TableSql, path: Path): SqlFragment | undefined {
    const expression = pathSql(path, table.columns, '', table.keyColumns.get(pathName(path)))
    if (expression === undefined) return always
    if (expression.column || table.missing === true) return undefined
    return fragment(`EXISTS (SELECT 1 FROM ${table.name} WHERE ${expression.awkward})`)
  }

  /** The prepared statements of a query shape; `null` if there are none. */
  preparedFind(shape: QueryShape): PreparedFind | null {
    const known = this.#finds.get(shape.key)
    if (known !== undefined) return known.prepared
    const prepared = prepareFind(shape, this)
    if (prepared !== 'not yet') this.#finds.set(shape.key, { prepared })
    return prepared === 'not yet' ? null : prepared
  }

  meta(name: string): string | undefined {
    return this.value<string>(fragment('SELECT value FROM meta WHERE name = ?', name))
  }

  setMeta(name: string, value: string): void {
    this.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', [name, value])
  }
}
