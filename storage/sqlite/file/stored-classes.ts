import type { Domain } from '../../../model/documents.ts'
import { fragment, quoteName } from '../sql/sql-fragment.ts'
import { domainOfTable } from './tables.ts'
import type { WorkspaceFile } from './workspace-file.ts'

/** The classes of all stored documents. Skips along the index of classes instead of scanning documents. */
export function storedClasses(file: WorkspaceFile): { domain: Domain; _class: string }[] {
  const tables = file.column<string>(
    fragment(`SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 2) = 'd_'`),
  )
  return tables.flatMap((name) => {
    const table = quoteName(name)
    const classes = file.column<string>(
      fragment(
        `WITH RECURSIVE class (name) AS (SELECT min(_class) FROM ${table} UNION ALL` +
          ` SELECT (SELECT min(_class) FROM ${table} WHERE _class > class.name) FROM class WHERE class.name IS NOT NULL)` +
          ` SELECT name FROM class WHERE name IS NOT NULL`,
      ),
    )
    return classes.map((_class) => ({ domain: domainOfTable(name), _class }))
  })
}
