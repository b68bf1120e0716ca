import { describe, expect, test } from '@jest/globals'
import type { Ref, Space } from '../../model/documents.ts'
import { addressOf } from '../../client/connection/address.ts'
import { createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { accountsOf } from '../support/accounts-calls.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { wsProxy } from '../support/ws-proxy.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

const space = 'p' as Ref<Space>

describe('address of the server', () => {
  test('SDK-17: the path and the query of the server’s address are kept', () => {
    for (const [given, dialed] of [
      ['ws://h', 'ws://h/?sessionId=s'],
      ['ws://h:3333/', 'ws://h:3333/?sessionId=s'],
      ['ws://h//', 'ws://h/?sessionId=s'],
      ['ws://h//a//b?x', 'ws://h/a//b?x=&sessionId=s'],
      ['wss://h/collab', 'wss://h/collab?sessionId=s'],
      ['wss://h/collab/', 'wss://h/collab/?sessionId=s'],
      ['wss://h/a/b/?tenant=x', 'wss://h/a/b/?tenant=x&sessionId=s'],
      ['wss://h/collab?sessionId=old#part', 'wss://h/collab?sessionId=s'],
      ['https://h/collab', 'wss://h/collab?sessionId=s'],
      ['http://[::1]:1/', 'ws://[::1]:1/?sessionId=s'],
      ['wss://h/a%20b/ü', 'wss://h/a%20b/%C3%BC?sessionId=s'],
    ] as const)
      expect(addressOf(given, 's')).toBe(dialed)
    expect(addressOf('ws://h/x', undefined)).toBe('ws://h/x')
    expect(() => addressOf('/collab', 's')).toThrow(TypeError)
  })

  test('SDK-84: a client finds a server whose address ends in more than one slash', async () => {
    const { url, token } = await testServer()
    const client = createNodeClient({ url: `${url}//`, getToken: () => token('ann') })
    onTestEnd(() => client.terminate())
    await client.ready({ timeout: 10_000 })
  })

  for (const strips of [true, false])
    for (const path of ['/collab', '/collab/', '/a/b/?tenant=x'])
      test(`SDK-17: a client finds a server at ${path} behind a proxy that ${strips ? 'removes the prefix' : 'passes it on'}`, async () => {
        const { url, token } = await testServer()
        const prefix = path.replace(/\/?(\?.*)?$/, '')
        const proxy = await wsProxy(url, strips ? { path: prefix } : {})
        const client = createNodeClient({ url: `${proxy.url}${path}`, getToken: () => token('ann') })
        onTestEnd(() => client.terminate())
        const id = await client.createDoc(board.class.Task, space, { title: 'x' })
        expect((await client.findOne(board.class.Task, { _id: id }))?.title).toBe('x')
        expectFor(
          proxy.asked.join(' '),
          proxy.asked.every((asked) => asked.startsWith(path.split('?')[0] ?? '')),
        ).toBe(true)
        // Like clients of protocol 1, with the token at the end.
        const base = `${proxy.url}${path.split('?')[0]}`
        for (const address of [base, base.replace(/\/$/, '')]) {
          const old = await RawClient.open(address, token('bob'))
          expect((await old.request('findAll', ['board:class:Task', {}])) as unknown[]).toHaveLength(1)
          old.socket.close()
        }
      })

  test('SDK-17: the endpoint that the accounts service returns has the path of ATRIUM_PUBLIC_URL', async () => {
    let target = ''
    const proxy = await wsProxy('ws://127.0.0.1', { path: '/collab', target: () => target })
    const server = await testServer({ accounts: 'builtin', publicUrl: `${proxy.url}/collab/` })
    target = server.url
    const accounts = accountsOf(server)
    const login = await accounts.signUp('ann@x.org')
    const { workspaceId } = (await accounts.call(login, 'createWorkspace', 'Work')) as { workspaceId: string }
    const entry = (await accounts.call(login, 'selectWorkspace', workspaceId)) as {
      endpoint: string
      token: string
    }
    expect(entry.endpoint).toBe(`${proxy.url}/collab/`)
    const client = createNodeClient({ url: entry.endpoint, getToken: () => entry.token })
    onTestEnd(() => client.terminate())
    await client.ready({ timeout: 10_000 })
    expect(proxy.asked[0] ?? '').toMatch(/^\/collab\//)
  })
})
