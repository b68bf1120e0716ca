import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { holdRequests } from '../support/holding-module.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const holding = fileURLToPath(new URL('../support/holding-module.js', import.meta.url))

describe('finishing sessions', () => {
  test('SRV-34: a session that finishes responds to messages that start no request', async () => {
    const { server, url, token } = await testServer({ modules: `board,${holding}`, stopTimeout: '30' })
    const ann = await RawClient.open(url, token('ann'))
    const { reached, open } = holdRequests()
    ann.send({ id: 1, method: 'holding.hold', params: [] })
    await reached
    const bob = await RawClient.open(url, token('bob'))
    const stopping = server.stop()
    // Sessions without running requests are closed first.
    await bob.waitForClose()
    ann.send({ id: 2, method: 'ping', params: [] })
    ann.send({ id: 3 })
    const refused = await ann.wait(({ id }) => id === 3)
    expect(refused.error?.code).toBe('platform:status:BadRequest')
    ann.send({ id: -1, method: 'hello', params: [], binary: true })
    await ann.wait(({ result, binary }) => result === 'hello' && binary === true)
    open()
    expect(await ann.waitForClose()).toMatchObject({ code: 1012 })
    expect(ann.frames.find(({ id }) => id === 1)?.result).toBe('held')
    expect(ann.frames.find(({ id }) => id === 2)).toBeUndefined()
    await stopping
  })

  test('WIRE-95: a client that says hello again while it resumes is sent what it missed in the new format', async () => {
    const { url, token } = await testServer()
    const bob = await RawClient.open(url, token('bob'), { protocol: 2 })
    const { epoch, seq } = bob.frames.find(({ result }) => result === 'hello') ?? {}
    for (let id = 1; id <= 600; id++)
      bob.send({ id, method: 'tx', params: [createTask(`t${id}`, { title: 'x' }, { by: 'account:bob' })] })
    await bob.wait(({ id }) => id === 600)
    const ann = new RawClient(url, token('ann'))
    await once(ann.socket, 'open')
    ann.send({ id: -1, method: 'hello', params: [], protocol: 2, resume: { epoch, seq } })
    ann.send({ id: -1, method: 'hello', params: [], protocol: 2, binary: true })
    await ann.waitForPush(({ objectId }) => objectId === 't600')
    const kinds = ann.frames.flatMap((frame, at) => (Array.isArray(frame['seqs']) ? [ann.kinds[at]] : []))
    expect(kinds.length).toBeGreaterThan(1)
    expect(new Set(kinds)).toStrictEqual(new Set(['binary']))
  })
})
