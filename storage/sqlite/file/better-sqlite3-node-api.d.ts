/** better-sqlite3 13 under another name, with the same interface. Installed on Node 22 and later only. */
declare module 'better-sqlite3-node-api' {
  export { default } from 'better-sqlite3'
}
