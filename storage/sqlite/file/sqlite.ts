import type Database from 'better-sqlite3'

/** The first Node that better-sqlite3 13 runs on. */
const NODE_API_SINCE = 22

/**
 * better-sqlite3, in the version that fits. 13 is built on Node-API and needs Node 22; 12 is not, and from Node
 * 24.19 on ends the process when one of its statements is collected.
 */
export const Sqlite: typeof Database = await load()

async function load(): Promise<typeof Database> {
  const major = Number(process.versions.node.split('.')[0])
  const loaded =
    major >= NODE_API_SINCE ? await import('better-sqlite3-node-api') : await import('better-sqlite3')
  return loaded.default
}
