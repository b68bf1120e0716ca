import { describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import type { ClientOptions } from '../../client/client-options.ts'
import { createNodeClient, dialNode, fileStore } from '../../client/node.ts'
import type { ClientStore } from '../../client/store/client-store.ts'
import type { Dial } from '../../client/runtime/web-socket.ts'
import { board, type Project } from '../../examples/board/model.ts'
import type { Account, Ref, Space } from '../../model/documents.ts'
import type { ModelResponse } from '../../model/workspace-model.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { temporaryFolder } from '../support/executable.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const project = 'p' as Ref<Space>

function clientOf({ url, token }: TestServer, options: Partial<ClientOptions> = {}) {
  return createNodeClient({ url, getToken: () => token('ann'), ...options })
}

/** A dial that records the loads of the model. */
function watchingDial(loaded: ModelResponse[]): Dial {
  return (url, protocols) => {
    const socket = dialNode(url, protocols)
    socket.addEventListener('message', ({ data }) => {
      const { result } = JSON.parse(String(data)) as { result?: Partial<ModelResponse> | null }
      if (typeof result?.full === 'boolean') loaded.push(result as ModelResponse)
    })
    return socket
  }
}

describe('stores of a client', () => {
  test('SDK-57: stored changes are sent by the next process, in order, and only the new part of the model is loaded', async () => {
    const server = await testServer()
    const path = join(await temporaryFolder(), 'ann.atrium')
    const loaded: ModelResponse[] = []
    const plain = { binary: false, compression: false, dial: watchingDial(loaded) }
    const firstStore = fileStore(path)
    const first = clientOf(server, { store: firstStore, ...plain })
    await first.ready()
    await first.createDoc(board.class.Task, project, { title: 'before' })
    const { account } = first
    first.stop()
    for (const title of ['one', 'two', 'three'])
      first.createDoc(board.class.Task, project, { title }).catch(() => undefined)
    await waitUntil(async () => (await firstStore.entries('change/')).length === 3, 'three kept changes')
    first.terminate()
    await firstStore.close()

    const store = fileStore(path)
    const second = clientOf(server, { store, ...plain, account: account as Ref<Account> })
    await waitUntil(async () => (await store.entries('change/')).length === 0, 'nothing unsent')
    const tasks = await second.findAll(board.class.Task, {}, { sort: { modifiedOn: 1 } })
    second.terminate()
    await store.close()
    expect(tasks.map(({ title }) => title)).toStrictEqual(['before', 'one', 'two', 'three'])
    expect(loaded.map(({ full, transactions }) => [full, transactions.length > 0])).toStrictEqual([
      [true, true],
      [false, false],
    ])
  })

  test('SDK-56: a client whose store fails goes on, and reports it', async () => {
    const server = await testServer()
    const fail = () => Promise.reject(new Error('no room'))
    const store: ClientStore = { get: fail, set: fail, delete: fail, entries: fail }
    const client = clientOf(server, { store })
    onTestEnd(() => client.terminate())
    const told: unknown[] = []
    client.onStoreError((error) => told.push(String(error)))
    await client.ready()
    const id = await client.createDoc(board.class.Project, project, { name: 'Atrium' } as Partial<Project>)
    expect((await client.findOne(board.class.Project, { _id: id }))?.name).toBe('Atrium')
    expect(told.length).toBeGreaterThanOrEqual(3)
    expect([...new Set(told)]).toStrictEqual(['Error: no room'])
  })
})
