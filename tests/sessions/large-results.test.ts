import { expect, test } from '@jest/globals'
import { once } from 'node:events'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { WebSocket } from 'ws'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { fileName } from '../../storage/sqlite/file/file-name.ts'
import { Sqlite } from '../../storage/sqlite/file/sqlite.ts'
import { RawClient } from '../support/raw-client.ts'
import { type TestServer, testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const DOCUMENTS = 100_000
const PAYLOAD = 900
const BATCH = 2000
/** Bytes of heap and buffers for a long response, in the server and in the client of the same process. */
const MOST = 32 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** A server whose workspace has 100,000 documents of a kilobyte: a hundred megabytes. */
async function populated(): Promise<TestServer> {
  const server = await testServer({ storage: 'embedded', idleTimeout: '0' })
  const storage = createSqliteStorage({ directory: join(server.data, 'workspaces') })
  const workspace = await storage.openWorkspace('w1', { domains: [] })
  for (let at = 0; at < DOCUMENTS; at += BATCH)
    await workspace.commit({ entries: [], puts: puts(at), removes: [] })
  await storage.close()
  return server
}

function puts(first: number) {
  return Array.from({ length: BATCH }, (_, at) => {
    const { objectId, objectClass, objectSpace, modifiedBy, modifiedOn } = createTask(
      `t${first + at}`,
      {},
    ) as never
    const doc = { _id: objectId, _class: objectClass, space: objectSpace, modifiedBy, modifiedOn }
    return { domain: 'task', doc: { ...(doc as object), payload: 'x'.repeat(PAYLOAD) } as never }
  })
}

function memory(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Whether a reader holds a snapshot from before the last commit. */
function isHeld(data: string): boolean {
  const db = new Sqlite(join(data, 'workspaces', fileName('w1')), { timeout: 0 })
  const [{ busy = 1 } = {}] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy?: number }[]
  db.close()
  return busy !== 0
}

test('STO-73: 100,000 documents go to a slow reader in bounded memory, and a reader that closes leaves nothing behind', async () => {
  const { url, token, data } = await populated()
  const other = await RawClient.open(url, token('ann'), { broadcast: false })
  const before = memory()
  const socket = new WebSocket(`${url}/${token('ann')}`)
  await once(socket, 'open')
  let [documents, most, expected] = [0, 0, 1]
  const all = new Promise<void>((resolve, reject) => {
    socket.on('message', (text: Buffer) => {
      const { id, chunk, result } = JSON.parse(text.toString()) as {
        id?: number
        chunk?: { index: number; final: boolean }
        result: { value: unknown[] }
      }
      if (id !== 1 || chunk === undefined) return
      if (chunk.index !== expected++) reject(new Error(`chunk ${chunk.index} out of order`))
      documents += result.value.length
      most = Math.max(most, memory() - before)
      // Continues to read only when the server has answered another request meanwhile.
      socket.pause()
      void other.request('ping').then(() => socket.resume(), reject)
      if (chunk.final) resolve()
    })
  })
  socket.send(JSON.stringify({ id: 1, method: 'findAll', params: ['board:class:Task', {}] }))
  await all
  expect(documents).toBe(DOCUMENTS)
  expect(most).toBeLessThan(MOST)

  const closing = await RawClient.open(url, token('eve'), { broadcast: false })
  closing.send({ id: 1, method: 'findAll', params: ['board:class:Task', {}] })
  await closing.wait(({ id, chunk }) => id === 1 && chunk?.index === 2)
  closing.socket.pause()
  await other.request('tx', [createTask('late', { title: 'late' })])
  // The response is not read from a snapshot.
  expect(isHeld(data)).toBe(true)
  closing.socket.terminate()
  await waitUntil(() => !isHeld(data), 'the end of the snapshot')
  socket.close()
})
