import type Database from 'better-sqlite3'

/** The minimum version of Node for better-sqlite3 13. */
const NODE_API_SINCE = 22

/**
 * The matching version of better-sqlite3. Version 13 uses Node-API and requires Node 22. Version 12 does not use it,
 * and crashes from Node 24.19 on when a statement is garbage-collected.
 */
export const Sqlite: typeof Database = await load()

async function load(): Promise<typeof Database> {
  const major = Number(process.versions.node.split('.')[0])
  const loaded =
    major >= NODE_API_SINCE ? await import('better-sqlite3-node-api') : await import('better-sqlite3')
  return loaded.default
}
