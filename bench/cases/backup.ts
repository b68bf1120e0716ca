import { join } from 'node:path'
import { board, boardModel } from '../../examples/board/model.ts'
import { baseModel } from '../../model/base-model.ts'
import type { Doc } from '../../model/documents.ts'
import { connect } from '../../client/node.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { storageSchema } from '../../pipeline/shared/storage-schema.ts'
import type { Plan } from '../support/plan.ts'
import { print, printFigure } from '../support/report.ts'
import { startAtrium, token } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'
import { task } from '../support/tasks.ts'

/** MB by which the server may grow. */
const BAR = 150
const WORKSPACE = 'backup'
const BATCH = 2000
/** Ids per request: about 2 MiB of documents. */
const DOCUMENTS_AT_ONCE = 2000

interface Chunk {
  idx: number
  docs: { id: string }[]
  finished: boolean
  seq: number
}

/** A backup tool that lists a domain and reads all its documents: by how much the server grows meanwhile. */
export async function measureBackup(data: string, { backup: count }: Plan): Promise<void> {
  await fill(data, count)
  const server = startAtrium(data)
  try {
    const url = (await server.ask('url')).replace('http', 'ws')
    const tool = await connect({ url, token: token(WORKSPACE, 'bench', { mode: 'backup' }) })
    const before = await server.ask('memoryInUse')
    let [most, read, finished] = [0, 0, false]
    const started = performance.now()
    let idx: number | undefined
    while (!finished) {
      const chunk = (await tool.request('loadChunk', ['task', idx])) as Chunk
      ;({ idx, finished } = chunk)
      for (let at = 0; at < chunk.docs.length; at += DOCUMENTS_AT_ONCE) {
        const ids = chunk.docs.slice(at, at + DOCUMENTS_AT_ONCE).map(({ id }) => id)
        read += ((await tool.request('loadDocs', ['task', ids, idx])) as unknown[]).length
      }
      most = Math.max(most, await server.ask('rss'))
    }
    await tool.request('closeChunk', [idx])
    const seconds = (performance.now() - started) / 1000
    tool.close()
    const rate = Math.round(read / seconds).toLocaleString('en')
    printFigure({
      name: `backup of ${read.toLocaleString('en')} documents, RSS`,
      unit: 'MB',
      spread: spreadOf([(most - before.rss) / 1024 / 1024]),
      bar: { value: BAR, better: 'lower' },
      note: `${seconds.toFixed(1)} s, ${rate} documents/s, with the tool on the same machine`,
    })
    if (read !== count) print(`  ${read} documents were read instead of ${count}`)
  } finally {
    await server.stop()
  }
}

async function fill(data: string, count: number): Promise<void> {
  const schema = storageSchema(WorkspaceModel.of([...baseModel, ...boardModel]).hierarchy)
  const storage = createSqliteStorage({ directory: join(data, 'workspaces') })
  try {
    const workspace = await storage.openWorkspace(WORKSPACE, schema)
    for (let at = 0; at < count; at += BATCH) {
      const puts = Array.from({ length: Math.min(BATCH, count - at) }, (_, place) => ({
        domain: 'task',
        doc: document(at + place),
      }))
      await workspace.commit({ entries: [], puts, removes: [] })
    }
  } finally {
    await storage.close()
  }
}

/** A document of one kilobyte, a typical size, without full-text fields. */
function document(number: number): Doc {
  const { _id, space, modifiedBy, modifiedOn } = task(number)
  return { _id, _class: board.class.Task, space, modifiedBy, modifiedOn, payload: 'x'.repeat(850) } as Doc
}
