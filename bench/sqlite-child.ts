// better-sqlite3 alone: the same rows and the same durability, without a server.
import { join } from 'node:path'
import { Sqlite } from '../storage/sqlite/file/sqlite.ts'
import { answer } from './support/child.ts'
import { project, task } from './support/tasks.ts'

const directory = process.env['BENCH_DATA'] ?? '.'
const db = new Sqlite(join(directory, 'bare.db'))
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
db.exec(`
  CREATE TABLE log (seq INTEGER PRIMARY KEY, data NOT NULL);
  CREATE TABLE written (_id NOT NULL PRIMARY KEY, data NOT NULL);
  CREATE TABLE doc (_id NOT NULL PRIMARY KEY, space, rank, data NOT NULL);
  CREATE INDEX doc_rank ON doc (space, rank);
`)
const log = db.prepare('INSERT INTO log (data) VALUES (?)')
const written = db.prepare('INSERT OR REPLACE INTO written VALUES (?, ?)')
const insert = db.prepare('INSERT INTO doc VALUES (?, ?, ?, ?)')
const page = db.prepare('SELECT data FROM doc WHERE space = ? ORDER BY rank LIMIT 50').pluck()

function repeat(seconds: number, work: (number: number) => void): { count: number; elapsed: number } {
  const started = performance.now()
  let count = 0
  while (performance.now() - started < seconds * 1000) work(count++)
  return { count, elapsed: (performance.now() - started) / 1000 }
}

let commits = 0

function commit(group: number): void {
  db.transaction(() => {
    for (let at = 0; at < group; at++) {
      const data = JSON.stringify(task(commits++))
      log.run(data)
      written.run(`task-${commits}`, data)
    }
  })()
}

const answers = {
  populate: (documents: number) => {
    db.transaction(() => {
      for (let at = 0; at < documents; at++) {
        const { rank, ...doc } = { ...task(at), rank: at }
        insert.run(doc._id, doc.space, rank, JSON.stringify(doc))
      }
    })()
  },
  /** Commits of `group` transactions each; the count is of transactions. */
  commits: ({ seconds, group }: { seconds: number; group: number }) => {
    const { count, elapsed } = repeat(seconds, () => commit(group))
    return (count * group) / elapsed
  },
  /** Microseconds for a page of 50, as JSON text. */
  page: (seconds: number) => {
    const { count, elapsed } = repeat(
      seconds,
      (number) => `[${page.all(project(number, false)._id).join(',')}]`,
    )
    return (elapsed / count) * 1e6
  },
}
export type SqliteAnswers = typeof answers

answer(answers)
