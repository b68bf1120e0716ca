import type { Domain } from '../../model/documents.ts'
import type { CommitBatch } from '../contract.ts'
import type { Put } from './file/documents.ts'
import { type KeyLayout, keyValues } from './sql/key-columns.ts'
import { documentRow, entryRow, type Row } from './sql/row.ts'

/** Rows that are encoded in one turn of the event loop: some 5 ms. */
const AT_ONCE = 500

type Batch = Pick<CommitBatch, 'entries' | 'puts'>

export interface CommitRows {
  entries: Row[]
  puts: Put[]
}

type LayoutOf = (domain: Domain) => KeyLayout

/** Whether the rows of the batch are encoded in one turn. */
export function isShort({ entries, puts }: Batch): boolean {
  return entries.length + puts.length <= AT_ONCE
}

export function commitRows({ entries, puts }: Batch, layoutOf: LayoutOf): CommitRows {
  return { entries: entries.map(entryRow), puts: puts.map((put) => encoded(put, layoutOf(put.domain))) }
}

/** The same in several turns of the event loop, for a batch that is not short. The batch must not change meanwhile. */
export async function commitRowsInTurns({ entries, puts }: Batch, layoutOf: LayoutOf): Promise<CommitRows> {
  const rows: CommitRows = { entries: [], puts: [] }
  for (let at = 0; at < Math.max(entries.length, puts.length); at += AT_ONCE / 2) {
    const to = at + AT_ONCE / 2
    if (at > 0) await new Promise(setImmediate)
    for (const entry of entries.slice(at, to)) rows.entries.push(entryRow(entry))
    for (const put of puts.slice(at, to)) rows.puts.push(encoded(put, layoutOf(put.domain)))
  }
  return rows
}

function encoded({ domain, doc }: CommitBatch['puts'][number], layout: KeyLayout): Put {
  return { domain, row: documentRow(doc, keyValues(doc, layout)), layout: layout.id }
}
